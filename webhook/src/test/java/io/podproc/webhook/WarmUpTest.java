// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.handler.ssl.SslContextBuilder;
import io.podproc.webhook.http.Answer;
import io.podproc.webhook.http.ReviewServer;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A warm-up that can't be done keeps no webhook from being ready. */
@Timeout(60)
class WarmUpTest {
  private final Vertx vertx = Vertx.vertx();
  private final NioEventLoopGroup loops = new NioEventLoopGroup(2);

  @AfterEach
  void close() throws Exception {
    Void _ = vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
  }

  private WarmUp warmUp(AtomicBoolean certificate, WarmUp.Listening listening) {
    return new WarmUp(vertx, certificate::get, listening, Duration.ofSeconds(1));
  }

  private ReviewServer server(String path, Function<byte[], Answer> reviews) throws IOException {
    SelfSigned certificate = SelfSigned.make("localhost");
    return new ReviewServer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        path,
        loops,
        SslContextBuilder.forServer(certificate.key(), certificate.certificate()).build(),
        reviews,
        new WebhookMetrics(new SimpleMeterRegistry()));
  }

  @Test
  void nobodyMayListen() {
    WarmUp warmUp =
        warmUp(
            new AtomicBoolean(true),
            path -> {
              throw new IOException("no port is left");
            });
    warmUp.run();
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }

  @Test
  void nobodyAnswers() {
    CountDownLatch answers = new CountDownLatch(1);
    WarmUp warmUp =
        warmUp(
            new AtomicBoolean(true),
            path ->
                server(
                    path,
                    body -> {
                      try {
                        answers.await();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      return Answer.refusal(500, "too late");
                    }));
    warmUp.run();
    answers.countDown();
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }

  /** As on a starved node, where the first handshakes are cut off at their deadline. */
  @Test
  void whatFailsAtFirstIsDoneAgain() {
    AtomicInteger reviews = new AtomicInteger();
    WarmUp warmUp =
        new WarmUp(
            vertx,
            () -> true,
            path ->
                server(
                    path,
                    body ->
                        reviews.getAndIncrement() < 3
                            ? Answer.refusal(503, "not yet")
                            : new Answer(200, "application/json", body)),
            Duration.ofSeconds(50));
    warmUp.run();
    assertThat(reviews).hasValue(483);
  }

  @Test
  void whatGoesOnFailingIsGivenUp() {
    AtomicInteger reviews = new AtomicInteger();
    WarmUp warmUp =
        new WarmUp(
            vertx,
            () -> true,
            path ->
                server(
                    path,
                    body -> {
                      int _ = reviews.incrementAndGet();
                      return Answer.refusal(500, "never");
                    }),
            Duration.ofSeconds(50));
    warmUp.run();
    assertThat(reviews).hasValue(40);
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }

  /** Nobody can find in it what is not on the port of reviews. */
  @Test
  void itsPortIsClosedWhenItIsWarm() {
    AtomicInteger port = new AtomicInteger();
    AtomicInteger reviews = new AtomicInteger();
    WarmUp warmUp =
        new WarmUp(
            vertx,
            () -> true,
            path -> {
              ReviewServer server =
                  server(
                      path,
                      body -> {
                        int _ = reviews.incrementAndGet();
                        return new Answer(200, "application/json", body);
                      });
              port.set(server.port());
              return server;
            },
            Duration.ofSeconds(50));
    warmUp.run();
    assertThat(reviews).hasValue(480);
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port.get()).close())
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void itWaitsForACertificate() throws Exception {
    AtomicBoolean certificate = new AtomicBoolean();
    WarmUp warmUp =
        warmUp(
            certificate,
            path -> {
              throw new IOException("no port is left");
            });
    Thread thread = Thread.ofPlatform().start(warmUp::run);
    WebhookProcess.await(
        "it waits", Duration.ofSeconds(30), () -> thread.getState() == Thread.State.TIMED_WAITING);
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.DOWN);
    certificate.set(true);
    thread.join();
    assertThat(warmUp.call().getStatus()).isEqualTo(Status.UP);
  }
}
