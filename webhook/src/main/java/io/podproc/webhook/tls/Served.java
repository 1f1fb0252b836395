// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.podproc.webhook.tls.kubernetes.RegisteredWebhook;
import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.serving.ServingKeys;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** What is served, and whether the API server trusts it. */
public final class Served {
  /** Hears of certificates that this replica takes into use. */
  public interface Events {
    /** It is served from now on. */
    void serving(ServingCertificate certificate);

    /** This CA issues from now on. */
    void authority(X509Certificate certificate);
  }

  /**
   * Whether reviews can be answered.
   *
   * @param state for people, in one phrase
   */
  public record Readiness(boolean ready, String state) {}

  private final ServingKeys keys;
  private final CertificateSettings settings;
  private final InstantSource clock;
  private final Events events;

  public Served(
      ServingKeys keys, CertificateSettings settings, InstantSource clock, Events events) {
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
    this.events = events;
  }

  /**
   * Serves it from now on, unless clients would refuse it: then what is served stays.
   *
   * @return why they would
   */
  Optional<String> offer(ServingCertificate certificate) {
    if (keys.current().filter(certificate::equals).isPresent()) {
      return Optional.empty();
    }
    Optional<String> problem = certificate.problem(settings.calledName(), clock.instant());
    if (problem.isEmpty()) {
      keys.use(certificate);
      events.serving(certificate);
    }
    return problem;
  }

  /** Ready is who serves what the API server trusts, or may trust where nobody can tell. */
  Readiness readiness(RegisteredWebhook registered) {
    Instant now = clock.instant();
    Optional<ServingCertificate> serving = keys.current();
    if (serving.isEmpty()) {
      return new Readiness(false, "no certificate yet");
    }
    Optional<String> problem = serving.get().problem(settings.calledName(), now);
    if (problem.isPresent()) {
      return new Readiness(false, "the certificate is " + problem.get());
    }
    if (registered.isForbidden()) {
      return new Readiness(true, "valid; whether it is trusted can't be read: no permission");
    }
    Optional<Registration> registration = registered.registration();
    if (registration.isEmpty()) {
      return new Readiness(false, "the API server has not told yet whom it trusts");
    }
    return registration.get().trusts(serving.get(), now)
        ? new Readiness(true, "trusted")
        : new Readiness(false, "the registered caBundle does not lead to the certificate");
  }
}
