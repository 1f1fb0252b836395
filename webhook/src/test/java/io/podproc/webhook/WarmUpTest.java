// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A warm-up that can't be done keeps no webhook from being ready. */
@Timeout(60)
class WarmUpTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws Exception {
    Void _ = vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private WarmUp warmUp(AtomicBoolean certificate) throws Exception {
    return new WarmUp(
        vertx, certificate::get, SettingsCheck.rules(Configs.of(Map.of())), Duration.ofSeconds(1));
  }

  @Test
  void nobodyListens() throws Exception {
    WarmUp warmUp = warmUp(new AtomicBoolean(true));
    warmUp.run("localhost", WebhookProcess.freePort());
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }

  @Test
  void nobodyAnswers() throws Exception {
    WarmUp warmUp = warmUp(new AtomicBoolean(true));
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      warmUp.run("localhost", silent.getLocalPort());
    }
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }

  @Test
  void itWaitsForACertificate() throws Exception {
    AtomicBoolean certificate = new AtomicBoolean();
    WarmUp warmUp = warmUp(certificate);
    Thread thread =
        Thread.ofPlatform().start(() -> warmUp.run("localhost", WebhookProcess.freePort()));
    WebhookProcess.await(
        "it waits", Duration.ofSeconds(30), () -> thread.getState() == Thread.State.TIMED_WAITING);
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.DOWN);
    certificate.set(true);
    thread.join();
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }
}
