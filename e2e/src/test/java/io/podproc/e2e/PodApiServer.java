// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** An API server as a daemon's pod is told of it, which takes note of what it hears. */
final class PodApiServer implements AutoCloseable {
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final Path account;
  private final HttpsConfigurator tls;
  private final HttpHandler answers;
  private HttpsServer server;

  /**
   * @param account a directory for what a pod is given
   * @param answers after a request was noted
   */
  PodApiServer(Path account, HttpHandler answers) {
    this.account = account;
    this.answers = answers;
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
    try {
      char[] password = "changeit".toCharArray();
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(KeyStore.getInstance(account.resolve("keys").toFile(), password), password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      tls = new HttpsConfigurator(context);
      server = start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private HttpsServer start(InetSocketAddress address) throws IOException {
    HttpsServer started = HttpsServer.create(address, 0);
    started.setHttpsConfigurator(tls);
    started.setExecutor(task -> Thread.ofVirtual().start(task));
    started.createContext(
        "/",
        exchange -> {
          try (exchange) {
            hear(exchange);
            answers.handle(exchange);
          }
        });
    started.start();
    return started;
  }

  /** Nobody listens any more, and whoever was being answered hears no more. */
  void goAway() {
    server.stop(0);
  }

  /** At the same port. */
  void comeBack() {
    try {
      server = start(server.getAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void hear(HttpExchange exchange) throws IOException {
    heard.add(
        (exchange.getRequestMethod()
                + " "
                + exchange.getRequestURI().getPath()
                + " "
                + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
            .strip());
  }

  /** As {@code PATCH /api/v1/nodes/NAME BODY}. */
  List<String> heard() {
    return heard;
  }

  /**
   * A daemon with the account where Kubernetes puts it. As in a pod, what it mounts is seen outside
   * where the mount point is in a shared mount.
   */
  Start inPod(Start start) {
    List<String> inside =
        List.of(
            "unshare",
            "--mount",
            "--propagation",
            "unchanged",
            "bash",
            "-ec",
            """
            mount --make-private /
            ! mountpoint -q /run || mount --make-private /run
            mount -t tmpfs run /run
            mkdir -p /run/secrets/kubernetes.io/serviceaccount
            mount --bind %s /var/run/secrets/kubernetes.io/serviceaccount
            exec "$@"
            """
                .formatted(account),
            "bash");
    return start
        .within(Stream.concat(start.wrapper().stream(), inside.stream()).toArray(String[]::new))
        .env(
            Map.of(
                "KUBERNETES_SERVICE_HOST",
                "127.0.0.1",
                "KUBERNETES_SERVICE_PORT",
                Integer.toString(server.getAddress().getPort())));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
