// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.netty.channel.EventLoopGroup;
import io.podproc.webhook.http.ReviewServer;
import io.quarkus.netty.MainEventLoopGroup;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** The HTTPS port, from the start of the webhook to the end of its drain. */
@Singleton
final class ReviewPort {
  /** After all that reviews are answered with. */
  static final int LAST = 5000;

  private final AdmissionResource admission;
  private final WebhookTls tls;
  private final WebhookMetrics metrics;
  private final EventLoopGroup loops;
  private final InetSocketAddress address;
  private @Nullable ReviewServer server;

  ReviewPort(
      AdmissionResource admission,
      WebhookTls tls,
      WebhookMetrics metrics,
      @MainEventLoopGroup EventLoopGroup loops,
      @ConfigProperty(name = "quarkus.http.host") String host,
      @ConfigProperty(name = "quarkus.http.ssl-port") int port) {
    this.admission = admission;
    this.tls = tls;
    this.metrics = metrics;
    this.loops = loops;
    address = new InetSocketAddress(host, port);
  }

  void open(@Observes @Priority(LAST) StartupEvent event) throws IOException {
    server = new ReviewServer(address, "/mutate", loops, tls.ofPort(), admission::answer, metrics);
  }

  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    if (server != null) {
      server.drain();
    }
  }

  void close(@Observes @Priority(1) ShutdownEvent event) {
    if (server != null) {
      server.close();
    }
  }
}
