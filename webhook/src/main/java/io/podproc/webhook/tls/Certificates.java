// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.serving.ServingKeys;
import java.time.InstantSource;

/** Sees to it that there is a certificate to serve, until it is closed. */
public interface Certificates extends AutoCloseable {
  /**
   * Begins, and returns at once: whatever is missing or out of reach is tried again and again.
   *
   * @param keys that are served from
   */
  static Certificates start(
      CertificateSettings settings,
      KubernetesClient client,
      ServingKeys keys,
      Served.Events events,
      InstantSource clock) {
    Served served = new Served(keys, settings, clock, events);
    Complaints complaints = new Complaints(clock);
    return switch (settings.source()) {
      case SELF -> {
        CertificateIssuer issuer =
            new CertificateIssuer(settings, client, served, events, complaints, clock);
        issuer.start();
        yield issuer;
      }
      case FILES -> {
        CertificateFiles files = new CertificateFiles(settings, client, served, complaints, clock);
        files.start();
        yield files;
      }
    };
  }

  Served.Readiness readiness();

  @Override
  void close();
}
