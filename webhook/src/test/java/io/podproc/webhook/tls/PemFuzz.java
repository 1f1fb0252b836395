// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.webhook.tls.x509.Pem;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * PEM of any bytes, as certificates, as a key and as what a Secret holds: whatever it is not is a
 * GeneralSecurityException, or one line of damage.
 */
public final class PemFuzz {
  private PemFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    try {
      List<X509Certificate> found = Pem.certificates(text);
      assertThat(Pem.certificates(Pem.text(found))).isEqualTo(found);
    } catch (GeneralSecurityException e) {
      // It is none.
    }
    try {
      assertThat(Pem.key(text).getAlgorithm()).isNotEmpty();
    } catch (GeneralSecurityException e) {
      // It is none.
    }
    String encoded = Base64.getEncoder().encodeToString(input);
    SecretContents.Reading reading =
        SecretContents.read(
            Map.of(
                "tls.crt", encoded,
                "tls.key", encoded,
                "ca.crt", encoded,
                "ca.key", encoded,
                "old-ca.crt", encoded,
                "old-ca.until", "MjAzMC0wMS0wMVQwMDowMDowMFo="));
    assertThat(reading.contents().bundle()).isNotNull();
  }
}
