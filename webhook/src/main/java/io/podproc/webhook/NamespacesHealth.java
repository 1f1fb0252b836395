// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready is a webhook that has known all namespaces once: what it knows stays good for long. */
@Readiness
@ApplicationScoped
class NamespacesHealth implements HealthCheck {
  private final Namespaces namespaces;

  NamespacesHealth(Namespaces namespaces) {
    this.namespaces = namespaces;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("namespaces").status(namespaces.known()).build();
  }
}
