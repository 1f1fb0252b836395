// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon with what is given to a pod, and an API server that hears or is deaf. */
@Tag("manners")
class NodeLabelIT {
  private final CountDownLatch deaf = new CountDownLatch(1);

  @TempDir Path account;
  private PodApiServer server;

  @BeforeEach
  void start() {
    Requirements.mount();
    server = new PodApiServer(account, this::answer);
  }

  @AfterEach
  void stop() {
    deaf.countDown();
    server.close();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try {
      if (exchange.getRequestURI().getPath().endsWith("/deaf")) {
        deaf.await();
      }
      exchange.sendResponseHeaders(200, -1);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  private DaemonProcess inPod(String node) {
    return server.inPod(Start.with("-Dpodproc.node-name=" + node)).launch();
  }

  private void awaitHeard(int calls) {
    Command.await(
        "the API server is called", Machine.deadline(30), () -> server.heard().size() >= calls);
  }

  @Test
  void its_node_has_the_label_while_it_serves() {
    try (DaemonProcess daemon = inPod("n1")) {
      awaitHeard(1);
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.output()).doesNotContain("WARN");
      assertThat(server.heard())
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
      assertThat(server.heard()).hasSize(2);
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
