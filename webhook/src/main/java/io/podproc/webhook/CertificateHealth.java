// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.tls.Served;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Ready is a replica that serves a certificate which the registered caBundle trusts. */
@Readiness
@Singleton
final class CertificateHealth implements HealthCheck {
  private static final Logger LOG = Logger.getLogger("podproc");

  private final WebhookTls tls;
  private final AtomicReference<Served.@Nullable Readiness> told = new AtomicReference<>();

  CertificateHealth(WebhookTls tls) {
    this.tls = tls;
  }

  @Override
  public HealthCheckResponse call() {
    Served.Readiness readiness =
        tls.certificates()
            .map(certificates -> certificates.readiness())
            .orElse(new Served.Readiness(false, "starting"));
    if (!readiness.equals(told.getAndSet(readiness))) {
      LOG.infof("%s: %s", readiness.ready() ? "ready" : "not ready", readiness.state());
    }
    return HealthCheckResponse.named("certificate")
        .status(readiness.ready())
        .withData("state", readiness.state())
        .build();
  }
}
