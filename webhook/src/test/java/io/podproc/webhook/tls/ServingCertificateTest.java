// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServingCertificateTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
  private static final Authority CA = Authority.create(NOW, Duration.ofDays(1825));
  private static final ServingCertificate SERVING =
      CA.issue(
          Settings.self(Duration.ofDays(90), Duration.ofDays(1825)).names(),
          NOW,
          Duration.ofDays(90));

  @Test
  void aCaMayIssueCertificatesAndNoCas() throws GeneralSecurityException {
    X509Certificate ca = CA.certificate();
    assertThat(ca.getBasicConstraints()).isZero();
    assertThat(ca.getKeyUsage()).containsExactly(f(), f(), f(), f(), f(), true, f(), f(), f());
    assertThat(ca.getCriticalExtensionOIDs()).contains("2.5.29.15", "2.5.29.19");
    assertThat(ca.getPublicKey().getAlgorithm()).isEqualTo("EC");
    ca.verify(ca.getPublicKey());
    assertThat(Authority.create(NOW, Duration.ofDays(1)).certificate().getSubjectX500Principal())
        .isNotEqualTo(ca.getSubjectX500Principal());
  }

  private static boolean f() {
    return false;
  }

  @Test
  void aServingCertificateIsForTheServiceAndNothingElse() throws GeneralSecurityException {
    X509Certificate serving = SERVING.certificate();
    assertThat(serving.getBasicConstraints()).isEqualTo(-1);
    assertThat(serving.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(serving.getSubjectAlternativeNames())
        .extracting(name -> name.get(1))
        .hasToString("[podproc-webhook.podproc.svc, podproc-webhook.podproc, podproc-webhook]");
    // An hour for clocks that are behind.
    assertThat(serving.getNotBefore().toInstant()).isEqualTo(NOW.minus(Duration.ofHours(1)));
    assertThat(SERVING.notAfter()).isEqualTo(NOW.plus(Duration.ofDays(90)));
    assertThat(CA.issued(SERVING)).isTrue();
  }

  @Test
  void theLongestNamesFit() {
    String service = "s".repeat(63);
    ServingCertificate certificate =
        CA.issue(Settings.forService(service).names(), NOW, Duration.ofDays(1));
    assertThat(certificate.problem(service + ".podproc.svc", NOW)).isEmpty();
  }

  @Test
  void problemsAreNamed() {
    assertThat(SERVING.problem(Settings.NAME, NOW)).isEmpty();
    assertThat(SERVING.problem("other.podproc.svc", NOW)).contains("not for other.podproc.svc");
    assertThat(SERVING.problem(Settings.NAME, NOW.plus(Duration.ofDays(91))).orElseThrow())
        .startsWith("valid from 2026-11-23T09:00:00Z to ");
    ServingCertificate any = CA.issue(List.of("*.podproc.svc"), NOW, Duration.ofDays(1));
    assertThat(any.problem(Settings.NAME, NOW)).isEmpty();
    ServingCertificate ca = new ServingCertificate(List.of(CA.certificate()), CA.key());
    assertThat(ca.problem(Settings.NAME, NOW)).contains("not for " + Settings.NAME);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void aKeyFitsItsOwnCertificateOnly(String algorithm) throws GeneralSecurityException {
    var other = KeyPairGenerator.getInstance(algorithm).generateKeyPair().getPrivate();
    assertThat(ServingCertificate.fits(other, SERVING.certificate())).isFalse();
    assertThat(ServingCertificate.fits(SERVING.key(), SERVING.certificate())).isTrue();
    assertThat(Pem.key(Pem.text(other))).isEqualTo(other);
  }

  @Test
  void whatIsMissingIsSaid() {
    assertThatThrownBy(() -> ServingCertificate.parse("", Pem.text(SERVING.key())))
        .hasMessage("no certificate");
    assertThatThrownBy(() -> ServingCertificate.parse(Pem.text(SERVING.chain()), ""))
        .hasMessage("no private key that can be read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT29S", "P398D", "-PT1S"})
  void aValidityOutOfRangeIsNamed(String validity) {
    assertThatThrownBy(() -> Settings.self(Duration.parse(validity), Duration.ofDays(3650)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("podproc.certificate-validity must be from 30 s to 397 days, not ")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"P359D", "P36501D"})
  void aCaValidityOutOfRangeIsNamed(String validity) {
    assertThatThrownBy(() -> Settings.self(Duration.ofDays(90), Duration.parse(validity)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("podproc.ca-validity must be from 4 times");
  }
}
