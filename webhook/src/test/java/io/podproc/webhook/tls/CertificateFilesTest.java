// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.serving.ServingKeys;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateFilesTest {
  private final Authority ca = Authority.create(Instant.now(), Duration.ofDays(365));

  @TempDir private Path directory = Path.of(".");

  private final ApiServer api = new ApiServer();
  private final KubernetesClient client = api.webhookClient();
  private final ServingKeys keys = new ServingKeys();
  private final List<ServingCertificate> served = new ArrayList<>();
  private @Nullable CertificateFiles files;

  private CertificateFiles start() {
    CertificateSettings settings = Settings.files(directory);
    Served.Events events =
        new Served.Events() {
          @Override
          public void serving(ServingCertificate certificate) {
            served.add(certificate);
          }

          @Override
          public void authority(X509Certificate certificate) {}
        };
    Clock clock = Clock.systemUTC();
    CertificateFiles started =
        new CertificateFiles(
            settings,
            client,
            new Served(keys, settings, clock, events),
            new Complaints(clock),
            clock);
    files = started;
    return started;
  }

  @AfterEach
  void close() {
    if (files != null) {
      files.close();
    }
    client.close();
    api.close();
  }

  private ServingCertificate issue() {
    return ca.issue(List.of(Settings.NAME), Instant.now(), Duration.ofDays(90));
  }

  private static void write(Path into, ServingCertificate certificate) throws IOException {
    Files.createDirectories(into);
    Files.writeString(into.resolve("tls.crt"), Pem.text(certificate.chain()));
    Files.writeString(into.resolve("tls.key"), Pem.text(certificate.key()));
  }

  /** As the kubelet mounts a Secret: files are links through a link that is replaced in one. */
  private void mount(String version, ServingCertificate certificate) throws IOException {
    write(directory.resolve(version), certificate);
    Path link = Files.createSymbolicLink(directory.resolve("..data_tmp"), Path.of(version));
    Files.move(link, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    for (String name : List.of("tls.crt", "tls.key")) {
      if (!Files.exists(directory.resolve(name))) {
        Files.createSymbolicLink(directory.resolve(name), Path.of("..data", name));
      }
    }
  }

  private void register(String caBundle) {
    var _ =
        api.configuration()
            .edit(configuration -> {
              configuration
                  .getWebhooks()
                  .forEach(webhook -> webhook.getClientConfig().setCaBundle(caBundle));
              return configuration;
            });
  }

  private static String bundle(Authority authority) {
    return Base64.getEncoder()
        .encodeToString(
            Pem.text(List.of(authority.certificate())).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aMountedSecretThatIsReplacedIsServed() throws IOException {
    ServingCertificate first = issue();
    ServingCertificate second = issue();
    mount("..1", first);
    start().start();
    Waiting.until(() -> assertThat(keys.current()).contains(first));
    mount("..2", second);
    Waiting.until(() -> assertThat(keys.current()).contains(second));
    assertThat(served).containsExactly(first, second);
  }

  @Test
  void aDirectoryMayComeLater() throws IOException {
    Path later = directory.resolve("later");
    directory = later;
    CertificateFiles started = start();
    started.look();
    assertThat(started.readiness()).isEqualTo(new Served.Readiness(false, "no certificate yet"));
    ServingCertificate certificate = issue();
    write(later, certificate);
    started.look();
    assertThat(keys.current()).contains(certificate);
  }

  @Test
  void whatCannotBeServedLeavesWhatIs() throws IOException {
    ServingCertificate good = issue();
    write(directory, good);
    CertificateFiles started = start();
    started.look();

    ServingCertificate other = issue();
    String whole = Pem.text(other.chain());
    for (String damaged :
        List.of("", whole.substring(0, 300), "absurd", "\0".repeat(100), "x".repeat(2 << 20))) {
      write(directory, other);
      Files.writeString(directory.resolve("tls.crt"), damaged);
      started.look();
      assertThat(keys.current()).contains(good);
    }
    write(directory, other);
    Files.writeString(directory.resolve("tls.key"), Pem.text(good.key()));
    started.look();
    Files.delete(directory.resolve("tls.key"));
    started.look();
    Instant longAgo = Instant.now().minus(Duration.ofDays(100));
    write(
        directory,
        Authority.create(longAgo, Duration.ofDays(365))
            .issue(List.of(Settings.NAME), longAgo, Duration.ofDays(9)));
    started.look();
    write(directory, ca.issue(List.of("other.svc"), Instant.now(), Duration.ofDays(9)));
    started.look();
    assertThat(keys.current()).contains(good);

    write(directory, other);
    started.look();
    assertThat(keys.current()).contains(other);
    assertThat(served).containsExactly(good, other);
  }

  @Test
  void itIsReadyWhenTheRegistrationTrustsItAndTouchesNothing() throws IOException {
    write(directory, issue());
    CertificateFiles started = start();
    started.start();
    Waiting.until(() ->
        assertThat(started.readiness().state())
            .isEqualTo("the registered caBundle does not lead to the certificate"));
    register(bundle(Authority.create(Instant.now(), Duration.ofDays(1))));
    register(bundle(ca));
    Waiting.until(
        () -> assertThat(started.readiness()).isEqualTo(new Served.Readiness(true, "trusted")));
    assertThat(api.secret().get().getData()).isNullOrEmpty();
    assertThat(api.lease().get().getSpec()).isNull();
    assertThat(api.configuration().get().getWebhooks())
        .extracting(Registration::caBundle)
        .containsOnly(bundle(ca));
    assertThat(api.refused()).isEmpty();
  }

  @Test
  void withoutThePermissionToReadTheRegistrationValidIsReady() throws IOException {
    api.forbid("mutatingwebhookconfigurations");
    write(directory, issue());
    CertificateFiles started = start();
    started.start();
    Waiting.until(() ->
        assertThat(started.readiness())
            .isEqualTo(
                new Served.Readiness(
                    true, "valid; whether it is trusted can't be read: no permission")));
  }
}
