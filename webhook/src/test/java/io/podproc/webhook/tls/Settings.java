// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import java.nio.file.Path;
import java.time.Duration;

/** Settings of a webhook under test. */
final class Settings {
  static final String NAMESPACE = "podproc";
  static final String SERVICE = "podproc-webhook";
  static final String NAME = "podproc-webhook.podproc.svc";
  static final String CONFIGURATION = "podproc";
  static final String SECRET = "podproc-webhook-tls";
  static final String LEASE = "podproc-webhook";

  private Settings() {}

  static CertificateSettings self(Duration validity, Duration caValidity) {
    return settings(CertificateSource.SELF, Path.of("/nowhere"), SERVICE, validity, caValidity);
  }

  static CertificateSettings files(Path directory) {
    return settings(
        CertificateSource.FILES, directory, SERVICE, Duration.ofDays(90), Duration.ofDays(1825));
  }

  static CertificateSettings forService(String service) {
    return settings(
        CertificateSource.SELF,
        Path.of("/nowhere"),
        service,
        Duration.ofDays(90),
        Duration.ofDays(1825));
  }

  private static CertificateSettings settings(
      CertificateSource source,
      Path directory,
      String service,
      Duration validity,
      Duration caValidity) {
    return new CertificateSettings(
        source, NAMESPACE, service, CONFIGURATION, directory, SECRET, LEASE, validity, caValidity);
  }
}
