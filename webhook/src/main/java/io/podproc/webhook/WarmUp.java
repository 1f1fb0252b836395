// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.podproc.rules.OptIn;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.http.ReviewServer;
import io.podproc.webhook.injection.InjectionPolicy;
import io.podproc.webhook.injection.InjectionRules;
import io.quarkus.netty.MainEventLoopGroup;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reviews that nobody asked for, over TLS, before this program is ready: the first seconds of
 * reviews and handshakes cost ten times the CPU of later ones, as classes are loaded and compiled.
 * On a node that gives no more than the CPU request they took longer than the API server waits.
 */
@Readiness
@Singleton
final class WarmUp implements HealthCheck {
  /** A handshake has some parts once: so many bring them to the compiler. */
  private static final int CONNECTIONS = 40;

  /** The first compiler takes methods after 200 calls (Tier3InvocationThreshold). */
  private static final int REVIEWS_EACH = 12;

  /** As many handshakes as the deadline has room for, if each is cut off at its own. */
  private static final int MOST_FAILURES = 40;

  private static final Duration PERIOD = Duration.ofMillis(100);

  private final Logger log = Logger.getLogger("podproc");
  private final Vertx vertx;
  private final BooleanSupplier hasCertificate;
  private final Listening listening;
  private final Buffer review;
  private final Duration deadline;

  /** Nobody else knows it. */
  private final String path = "/" + UUID.randomUUID();

  private volatile @Nullable Thread thread;
  private volatile boolean over;

  /** Opens what answers those reviews. */
  @FunctionalInterface
  interface Listening {
    /**
     * Opens a port of its own on loopback.
     *
     * @param path that it answers, alone
     */
    ReviewServer open(String path) throws IOException;
  }

  @Inject
  WarmUp(
      Vertx vertx, WebhookTls tls, InjectionRules rules, @MainEventLoopGroup EventLoopGroup loops) {
    this(vertx, tls::serves, path -> listen(path, tls, rules, loops), Duration.ofMinutes(2));
  }

  /**
   * @param deadline after which it is over in any case: slow reviews are better than none. While no
   *     webhook is ready, pods start as usual
   */
  WarmUp(Vertx vertx, BooleanSupplier hasCertificate, Listening listening, Duration deadline) {
    this.vertx = vertx;
    this.hasCertificate = hasCertificate;
    this.listening = listening;
    this.deadline = deadline;
    try (InputStream in = WarmUp.class.getResourceAsStream("warm-up.json")) {
      review = Buffer.buffer(Objects.requireNonNull(in).readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What the port of reviews is made of, but for what it counts and for whom it lets in: clients
   * may have to have a certificate there, and this program has none.
   */
  private static ReviewServer listen(
      String path, WebhookTls tls, InjectionRules rules, EventLoopGroup loops) throws IOException {
    Map<String, String> labels =
        Map.of(OptIn.LABEL, OptIn.ENABLED, InjectionPolicy.ENFORCE_LABEL, "privileged");
    WebhookMetrics uncounted = new WebhookMetrics(new SimpleMeterRegistry());
    AdmissionResource admission =
        new AdmissionResource(new Reviewer(rules, namespace -> Optional.of(labels)), uncounted);
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return new ReviewServer(address, path, loops, tls.forAnyone(), admission::answer, uncounted);
  }

  void begin(@Observes @Priority(ReviewPort.LAST + 1) StartupEvent event) {
    thread = Thread.ofVirtual().name("warm-up").start(this::run);
  }

  void stop(@Observes ShutdownEvent event) {
    Optional.ofNullable(thread).ifPresent(Thread::interrupt);
  }

  /** As soon as there is a certificate. */
  void run() {
    try {
      while (!hasCertificate.getAsBoolean()) {
        Thread.sleep(PERIOD);
      }
      try (ReviewServer server = listening.open(path)) {
        ask(InetAddress.getLoopbackAddress().getHostAddress(), server.port());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      log.warnf("not warm within %s, the first reviews may take seconds", deadline);
    } catch (Exception e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      log.warnf("can't warm up, the first reviews may take seconds: %s", cause.getMessage());
    } finally {
      over = true;
    }
  }

  /** Reviews on new connections, one at a time. */
  private void ask(String host, int port)
      throws InterruptedException, ExecutionException, TimeoutException {
    long end = System.nanoTime() + deadline.toNanos();
    int failures = 0;
    for (int made = 0; made < CONNECTIONS; ) {
      try {
        connection(host, port, end);
        made++;
      } catch (ExecutionException e) {
        // On a starved node the first handshakes take longer than they may, and warm up as well.
        if (++failures == MOST_FAILURES) {
          throw e;
        }
        Thread.sleep(PERIOD);
      }
    }
  }

  private void connection(String host, int port, long end)
      throws InterruptedException, ExecutionException, TimeoutException {
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setSsl(true)
                .setTrustAll(true)
                .setVerifyHost(false)
                .setMaxPoolSize(1)
                .setDefaultHost(host)
                .setDefaultPort(port));
    try {
      for (int i = 0; i < REVIEWS_EACH; i++) {
        int status = ask(client).get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (status != 200) {
          throw new ExecutionException(new IOException("a review is answered with " + status));
        }
      }
    } finally {
      var _ = client.close();
    }
  }

  /** The status of the answer, when all of it is there. */
  private CompletableFuture<Integer> ask(HttpClient client) {
    return client
        .request(HttpMethod.POST, path)
        .compose(
            request -> request.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").send(review))
        .compose(response -> response.body().map(body -> response.statusCode()))
        .toCompletionStage()
        .toCompletableFuture();
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("warm-up").status(over).build();
  }
}
