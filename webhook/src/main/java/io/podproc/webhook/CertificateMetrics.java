// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.podproc.webhook.tls.Served;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Tells of certificates in the log and in metrics, each in one line. */
final class CertificateMetrics implements Served.Events {
  private static final Logger LOG = Logger.getLogger("podproc");

  /** One kind of certificate: serving, or ca. */
  private static final class Kind {
    private final String name;
    private final MeterRegistry registry;
    private final Counter rotations;
    private final AtomicReference<@Nullable X509Certificate> current = new AtomicReference<>();

    Kind(MeterRegistry registry, String name) {
      this.name = name;
      this.registry = registry;
      this.rotations =
          Counter.builder("podproc.cert.rotations")
              .description("Certificates replaced in this replica")
              .tag("certificate", name)
              .register(registry);
    }

    void is(X509Certificate certificate) {
      if (current.getAndSet(certificate) != null) {
        rotations.increment();
      } else {
        Gauge.builder("podproc.cert.expiry.timestamp.seconds", this, Kind::expiry)
            .description("End of the certificate in use, in seconds since 1970")
            .tag("certificate", name)
            .register(registry);
      }
      LOG.infof(
          "%s certificate %s, valid until %s",
          name, ServingCertificate.fingerprint(certificate), certificate.getNotAfter().toInstant());
    }

    private double expiry() {
      X509Certificate certificate = current.get();
      return certificate == null
          ? Double.NaN
          : certificate.getNotAfter().toInstant().getEpochSecond();
    }
  }

  private final Kind serving;
  private final Kind authority;

  CertificateMetrics(MeterRegistry registry) {
    this.serving = new Kind(registry, "serving");
    this.authority = new Kind(registry, "ca");
  }

  @Override
  public void serving(ServingCertificate certificate) {
    serving.is(certificate.certificate());
  }

  @Override
  public void authority(X509Certificate certificate) {
    authority.is(certificate);
  }
}
