// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.tls.CertificateSettings;
import io.podproc.webhook.tls.Certificates;
import io.podproc.webhook.tls.serving.ClientAuthorities;
import io.podproc.webhook.tls.serving.ServingKeys;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The certificates of the HTTPS port: its own, and those that its clients must have. */
@Singleton
final class WebhookTls {
  private final ServingKeys keys = new ServingKeys();
  private final Optional<ClientAuthorities> clients;
  private volatile @Nullable Certificates certificates;

  WebhookTls(WebhookConfig config) {
    clients = config.clientAuthorities().map(ClientAuthorities::new);
  }

  /** Of the port: it asks clients for a certificate where they must have one. */
  SslContext ofPort() throws SSLException {
    SslContextBuilder builder = builder();
    clients.ifPresent(
        authorities -> builder.trustManager(authorities).clientAuth(ClientAuth.REQUIRE));
    return builder.build();
  }

  /** With the port's certificate, for any client. */
  SslContext forAnyone() throws SSLException {
    return builder().build();
  }

  /** Handshakes take the present certificate from the keys: a new one needs no reload. */
  private SslContextBuilder builder() {
    return SslContextBuilder.forServer(keys)
        .sslProvider(SslProvider.JDK)
        .protocols("TLSv1.3", "TLSv1.2");
  }

  /**
   * Begins.
   *
   * @param rules which are there only if all settings are as they may be
   */
  void start(
      @Observes StartupEvent event,
      InjectionRules rules,
      WebhookConfig config,
      KubernetesClient client,
      MeterRegistry registry) {
    CertificateSettings settings =
        new CertificateSettings(
            config.certificateSource(),
            config.namespace(),
            config.service(),
            config.webhookConfiguration(),
            config.certificateDirectory(),
            config.certificateSecret(),
            config.certificateLease(),
            config.certificateValidity(),
            config.caValidity());
    clients.ifPresent(ClientAuthorities::start);
    certificates =
        Certificates.start(
            settings, client, keys, new CertificateMetrics(registry), Clock.systemUTC());
  }

  void stop(@Observes ShutdownEvent event) {
    certificates().ifPresent(Certificates::close);
    clients.ifPresent(ClientAuthorities::close);
  }

  /** Whether there is a certificate for handshakes. */
  boolean serves() {
    return keys.current().isPresent();
  }

  Optional<Certificates> certificates() {
    return Optional.ofNullable(certificates);
  }
}
