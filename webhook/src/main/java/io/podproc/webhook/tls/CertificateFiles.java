// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.kubernetes.RegisteredWebhook;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * {@code certificate-source=files}: the certificate that somebody else puts into a directory. It is
 * looked at again and again, as that also sees a volume that is swapped or mounted late.
 */
final class CertificateFiles implements Certificates {
  private static final Duration PERIOD = Duration.ofSeconds(2);
  private static final long MAX_BYTES = 1 << 20;

  private final Path directory;
  private final Served served;
  private final RegisteredWebhook registered;
  private final Complaints complaints;
  private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor();

  CertificateFiles(
      CertificateSettings settings,
      KubernetesClient client,
      Served served,
      Complaints complaints,
      InstantSource clock) {
    this.directory = settings.directory();
    this.served = served;
    this.complaints = complaints;
    this.registered =
        new RegisteredWebhook(client, settings.webhookConfiguration(), clock, complaints, () -> {});
  }

  void start() {
    registered.start();
    var _ = looks.scheduleWithFixedDelay(this::look, 0, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
  }

  void look() {
    try {
      Path version = version();
      ServingCertificate certificate =
          ServingCertificate.parse(
              read(version.resolve("tls.crt")), read(version.resolve("tls.key")));
      served
          .offer(certificate)
          .ifPresent(problem -> complaints.about("the certificate in " + directory, problem));
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      complaints.about("can't use the certificate in " + directory, e);
    }
  }

  /** The directory that both files are in. In a mounted Secret, all files change with one link. */
  private Path version() throws IOException {
    Path link = directory.resolve("..data");
    return Files.exists(link) ? link.toRealPath() : directory;
  }

  private static String read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is longer than 1 MiB");
    }
    return Files.readString(file);
  }

  @Override
  public Served.Readiness readiness() {
    return served.readiness(registered);
  }

  @Override
  public void close() {
    looks.shutdownNow();
    registered.close();
  }
}
