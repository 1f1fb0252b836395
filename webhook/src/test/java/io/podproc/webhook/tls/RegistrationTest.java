// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RegistrationTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
  private static final Authority CA = Authority.create(NOW, Duration.ofDays(365));
  private static final Authority OTHER = Authority.create(NOW, Duration.ofDays(365));
  private static final ServingCertificate SERVING =
      CA.issue(List.of(Settings.NAME), NOW, Duration.ofDays(90));

  private static String bundle(X509Certificate... certificates) {
    return Base64.getEncoder()
        .encodeToString(Pem.text(List.of(certificates)).getBytes(StandardCharsets.UTF_8));
  }

  private static Registration registered(@Nullable String... bundles) {
    MutatingWebhookConfigurationBuilder configuration = new MutatingWebhookConfigurationBuilder();
    for (String bundle : bundles) {
      configuration =
          configuration
              .addNewWebhook()
              .withNewClientConfig()
              .withCaBundle(bundle)
              .endClientConfig()
              .endWebhook();
    }
    return Registration.of(configuration.build(), NOW);
  }

  @Test
  void everyEntryMustTrust() {
    String both = bundle(OTHER.certificate(), CA.certificate());
    assertThat(registered(both, both).trusts(SERVING, NOW)).isTrue();
    assertThat(registered(both, bundle(OTHER.certificate())).trusts(SERVING, NOW)).isFalse();
    assertThat(registered(both, null).trusts(SERVING, NOW)).isFalse();
    assertThat(registered().trusts(SERVING, NOW)).isFalse();
    assertThat(registered(both, both).holds(CA.certificate())).isTrue();
    assertThat(registered(both, bundle(OTHER.certificate())).holds(CA.certificate())).isFalse();
  }

  @Test
  void whatIsDamagedTrustsNobody() {
    String whole = bundle(CA.certificate());
    for (String damaged :
        List.of(
            "",
            "%",
            whole.substring(0, whole.length() / 2),
            Base64.getEncoder().encodeToString(new byte[5000]),
            Base64.getEncoder().encodeToString(new byte[2 << 20]))) {
      Registration registration = registered(damaged);
      assertThat(registration.trusts(SERVING, NOW)).isFalse();
      assertThat(registration.authorities(NOW)).isEmpty();
    }
  }

  @Test
  void anEntryWithoutClientConfigTrustsNobody() {
    MutatingWebhookConfiguration configuration =
        new MutatingWebhookConfigurationBuilder().addNewWebhook().endWebhook().build();
    assertThat(Registration.of(configuration, NOW).authorities(NOW)).isEmpty();
  }

  @Test
  void timeIsLookedAt() {
    Registration registration = registered(bundle(CA.certificate()));
    assertThat(registration.trusts(SERVING, NOW.plus(Duration.ofDays(89)))).isTrue();
    assertThat(registration.trusts(SERVING, NOW.plus(Duration.ofDays(91)))).isFalse();
    assertThat(registration.trusts(SERVING, NOW.minus(Duration.ofDays(1)))).isFalse();
    // A CA that has ended, of a certificate that has not.
    Authority brief = Authority.create(NOW, Duration.ofHours(1));
    ServingCertificate cut = brief.issue(List.of(Settings.NAME), NOW, Duration.ofDays(90));
    assertThat(cut.notAfter()).isEqualTo(brief.notAfter());
    assertThat(registered(bundle(brief.certificate())).authorities(NOW.plusSeconds(3601)))
        .isEmpty();
  }

  /** As an administrator may make one. */
  @Test
  void aCertificateMayBeItsOwnBundle() {
    Registration registration = registered(bundle(SERVING.certificate()));
    assertThat(registration.trusts(SERVING, NOW)).isTrue();
  }

  @Test
  void itKnowsSinceWhenItIsTheSame() {
    Registration first = registered(bundle(CA.certificate()));
    Registration same = new Registration(first.bundles(), NOW.plusSeconds(60)).after(first);
    assertThat(same.since()).isEqualTo(NOW);
    Registration other = new Registration(List.of(), NOW.plusSeconds(60)).after(first);
    assertThat(other.since()).isEqualTo(NOW.plusSeconds(60));
  }
}
