// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.podproc.webhook.tls.CertificateSettings;
import io.podproc.webhook.tls.Certificates;
import io.podproc.webhook.tls.ServingKeys;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.tls.runtime.KeyStoreAndKeyCertOptions;
import io.quarkus.tls.runtime.KeyStoreProvider;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The certificates of the HTTPS port: {@code quarkus.http.tls-configuration-name=webhook}. */
@Singleton
@Identifier("webhook")
final class WebhookTls implements KeyStoreProvider {
  private final ServingKeys keys = new ServingKeys();
  private volatile @Nullable Certificates certificates;

  /**
   * Handshakes take their certificate from a key manager that always has the present one: a new one
   * needs no reload.
   */
  @Override
  public KeyStoreAndKeyCertOptions getKeyStore(Vertx vertx) {
    try {
      KeyStore none = KeyStore.getInstance(KeyStore.getDefaultType());
      none.load(null, null);
      return new KeyStoreAndKeyCertOptions(none, KeyCertOptions.wrap(keys));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  void start(
      @Observes StartupEvent event,
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
    certificates =
        Certificates.start(
            settings, client, keys, new CertificateMetrics(registry), Clock.systemUTC());
  }

  void stop(@Observes ShutdownEvent event) {
    certificates().ifPresent(Certificates::close);
  }

  /** Whether there is a certificate for handshakes. */
  boolean serves() {
    return keys.current().isPresent();
  }

  Optional<Certificates> certificates() {
    return Optional.ofNullable(certificates);
  }
}
