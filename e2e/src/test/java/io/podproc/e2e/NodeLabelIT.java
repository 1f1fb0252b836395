// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon with what is given to a pod, and an API server that hears or is deaf. */
@Tag("manners")
class NodeLabelIT {
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final CountDownLatch deaf = new CountDownLatch(1);

  @TempDir Path account;
  private HttpsServer server;

  @BeforeEach
  void start() throws Exception {
    Requirements.mount();
    String _ =
        Command.bash(
                """
                cd %s && echo token >token
                keytool() { %s/bin/keytool -storepass changeit -keystore keys -alias api "$@"; }
                keytool -genkeypair -keyalg EC -dname CN=api -ext san=ip:127.0.0.1 &&
                keytool -exportcert -rfc -file ca.crt
                """
                    .formatted(account, System.getProperty("java.home")))
            .ok();
    char[] password = "changeit".toCharArray();
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(KeyStore.getInstance(account.resolve("keys").toFile(), password), password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(task -> Thread.ofVirtual().start(task));
    server.createContext("/", this::hear);
    server.start();
  }

  @AfterEach
  void stop() {
    deaf.countDown();
    server.stop(0);
  }

  private void hear(HttpExchange exchange) throws IOException {
    try (exchange) {
      heard.add(
          exchange.getRequestMethod()
              + " "
              + exchange.getRequestURI().getPath()
              + " "
              + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
      if (exchange.getRequestURI().getPath().endsWith("/deaf")) {
        deaf.await();
      }
      exchange.sendResponseHeaders(200, -1);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** Where Kubernetes puts the account of a pod. */
  private DaemonProcess inPod(String node) {
    return Start.with("-Dpodproc.node-name=" + node)
        .within(
            "unshare",
            "--mount",
            "bash",
            "-ec",
            """
            mount -t tmpfs run /run
            mkdir -p /run/secrets/kubernetes.io/serviceaccount
            mount --bind %s /var/run/secrets/kubernetes.io/serviceaccount
            exec "$@"
            """
                .formatted(account),
            "bash")
        .env(
            Map.of(
                "KUBERNETES_SERVICE_HOST",
                "127.0.0.1",
                "KUBERNETES_SERVICE_PORT",
                Integer.toString(server.getAddress().getPort())))
        .launch();
  }

  private void awaitHeard(int calls) {
    Command.await("the API server is called", Machine.deadline(30), () -> heard.size() >= calls);
  }

  @Test
  void its_node_has_the_label_while_it_serves() {
    try (DaemonProcess daemon = inPod("n1")) {
      awaitHeard(1);
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.output()).doesNotContain("WARN");
      assertThat(heard)
          .containsExactly(
              "PATCH /api/v1/nodes/n1 {\"metadata\":{\"labels\":{\"podproc.io/ready\":\"true\"}}}",
              "PATCH /api/v1/nodes/n1 {\"metadata\":{\"labels\":{\"podproc.io/ready\":null}}}");
    }
  }

  @Test
  void a_deaf_API_server_holds_up_neither_its_start_nor_its_stop() {
    try (DaemonProcess daemon = inPod("deaf")) {
      awaitHeard(1);
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
      long start = System.nanoTime();
      assertThat(daemon.stop()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
      assertThat(heard).hasSize(2);
    }
  }

  @Test
  void outside_of_a_pod_it_serves_without() {
    try (DaemonProcess daemon = Start.with("-Dpodproc.node-name=n1").launch().awaitServing()) {
      Command.await(
          "it tells",
          Machine.deadline(10),
          () -> daemon.output().lines().anyMatch(line -> line.contains("node n1 gets no label")));
      assertThat(daemon.stop()).isZero();
    }
  }
}
