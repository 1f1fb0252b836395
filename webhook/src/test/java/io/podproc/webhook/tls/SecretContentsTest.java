// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretContentsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
  static final Authority CURRENT = Authority.create(NOW, Duration.ofDays(365));
  private static final Authority NEXT = Authority.create(NOW, Duration.ofDays(365));
  private static final Authority OLD = Authority.create(NOW, Duration.ofDays(365));
  private static final ServingCertificate SERVING =
      CURRENT.issue(List.of(Settings.NAME), NOW, Duration.ofDays(90));
  private static final SecretContents FULL =
      new SecretContents(
          Optional.of(CURRENT),
          Optional.of(NEXT),
          List.of(OLD.certificate()),
          NOW.plus(Duration.ofDays(90)),
          Optional.of(SERVING));

  private static Map<String, String> full() {
    return new TreeMap<>(FULL.data(Map.of()));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void whatIsWrittenIsRead() {
    assertThat(SecretContents.read(full())).isEqualTo(new SecretContents.Reading(FULL, List.of()));
    assertThat(SecretContents.isOfLaterVersion(full())).isFalse();
  }

  @Test
  void anEmptySecretIsNotDamaged() {
    assertThat(SecretContents.read(Map.of()))
        .isEqualTo(new SecretContents.Reading(SecretContents.EMPTY, List.of()));
    assertThat(SecretContents.isOfLaterVersion(Map.of())).isFalse();
  }

  @Test
  void keysOfOthersStayAndOursGo() {
    Map<String, String> before = full();
    before.put("theirs", base64("theirs"));
    assertThat(SecretContents.EMPTY.data(before)).containsOnlyKeys("theirs", "version");
  }

  @Test
  void theFormIsThatOfEveryTool() {
    assertThat(full())
        .containsOnlyKeys(
            "version",
            "ca.crt",
            "ca.key",
            "next-ca.crt",
            "next-ca.key",
            "old-ca.crt",
            "old-ca.until",
            "tls.crt",
            "tls.key");
    String key =
        new String(Base64.getDecoder().decode(full().get("tls.key")), StandardCharsets.UTF_8);
    assertThat(key)
        .startsWith("-----BEGIN PRIVATE KEY-----\n")
        .endsWith("-----END PRIVATE KEY-----\n");
  }

  /** Each pair counts as missing if one of it does, and nothing else does. */
  @ParameterizedTest
  @CsvSource({"ca.crt", "ca.key", "next-ca.crt", "next-ca.key", "tls.crt", "tls.key"})
  void aDamagedHalfTakesItsPairOnly(String key) {
    String name = key.substring(0, key.lastIndexOf('.'));
    SecretContents expected =
        new SecretContents(
            name.equals("ca") ? Optional.empty() : FULL.current(),
            name.equals("next-ca") ? Optional.empty() : FULL.next(),
            FULL.old(),
            FULL.oldUntil(),
            name.equals("tls") ? Optional.empty() : FULL.serving());
    String whole = new String(Base64.getDecoder().decode(full().get(key)), StandardCharsets.UTF_8);
    for (String damaged :
        List.of(
            base64(whole.substring(0, whole.length() / 2)),
            base64(whole.substring(0, whole.length() - 30)),
            base64(whole.replace("-----\nM", "-----\nA")),
            base64("absurd"),
            base64("\0".repeat(1000)),
            base64("x".repeat(2 << 20)),
            "%not base64%",
            "")) {
      Map<String, String> data = full();
      data.put(key, damaged);
      SecretContents.Reading reading = SecretContents.read(data);
      assertThat(reading.contents()).isEqualTo(expected);
      assertThat(reading.damage()).singleElement().asString().startsWith(name + ": ");
    }
  }

  @Test
  void aKeyThatIsAnothersIsDamage() {
    Map<String, String> data = full();
    data.put("tls.key", data.get("ca.key"));
    SecretContents.Reading reading = SecretContents.read(data);
    assertThat(reading.contents().serving()).isEmpty();
    assertThat(reading.damage()).containsExactly("tls: the key is another certificate's");
  }

  @Test
  void aServingCertificateIsNoCa() {
    Map<String, String> data = full();
    data.put("ca.crt", data.get("tls.crt"));
    data.put("ca.key", data.get("tls.key"));
    SecretContents.Reading reading = SecretContents.read(data);
    assertThat(reading.contents().current()).isEmpty();
    assertThat(reading.damage()).containsExactly("ca: not a CA's certificate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "2026-13-40T00:00:00Z"})
  void anOldCaWithoutAnEndLeaves(String until) {
    Map<String, String> data = full();
    data.put("old-ca.until", base64(until));
    SecretContents.Reading reading = SecretContents.read(data);
    assertThat(reading.contents().old()).isEmpty();
    assertThat(reading.damage()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"1,false", "2,true", "10,true", "absurd,true"})
  void whatALaterReleaseWroteIsKnown(String version, boolean later) {
    assertThat(SecretContents.isOfLaterVersion(Map.of("version", base64(version))))
        .isEqualTo(later);
  }

  @Test
  void whatHasEndedIsLeftOut() {
    SecretContents later = FULL.at(NOW.plus(Duration.ofDays(91)));
    assertThat(later.serving()).isEmpty();
    assertThat(later.old()).isEmpty();
    assertThat(later.current()).contains(CURRENT);
    assertThat(FULL.at(NOW.plus(Duration.ofDays(366)))).isEqualTo(SecretContents.EMPTY);
    assertThat(FULL.at(NOW)).isEqualTo(FULL);
  }
}
