// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.x509;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A certificate to answer with, and its key.
 *
 * @param chain the certificate itself first, then those that lead to its CA
 */
public record ServingCertificate(List<X509Certificate> chain, PrivateKey key) {
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String ANY_USE = "2.5.29.37.0";
  private static final int DNS_NAME = 2;

  /**
   * Both from PEM.
   *
   * @throws GeneralSecurityException if one is damaged, or the key is another certificate's
   */
  public static ServingCertificate parse(String certificates, String key)
      throws GeneralSecurityException {
    List<X509Certificate> chain = Pem.certificates(certificates);
    if (chain.isEmpty()) {
      throw new GeneralSecurityException("no certificate");
    }
    PrivateKey parsed = Pem.key(key);
    if (!fits(parsed, chain.getFirst())) {
      throw new GeneralSecurityException("the key is another certificate's");
    }
    return new ServingCertificate(chain, parsed);
  }

  public static boolean fits(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) {
      return false;
    }
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> key.getAlgorithm();
        };
    byte[] anything = {1};
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(anything);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(anything);
    return signature.verify(signed);
  }

  public X509Certificate certificate() {
    return chain.getFirst();
  }

  public Instant notAfter() {
    return certificate().getNotAfter().toInstant();
  }

  /** Why a client that trusts its issuer would refuse it nevertheless; empty if it would not. */
  public Optional<String> problem(String name, Instant now) {
    if (!isValid(certificate(), now)) {
      return Optional.of(
          "valid from " + certificate().getNotBefore().toInstant() + " to " + notAfter() + " only");
    }
    try {
      List<String> uses = certificate().getExtendedKeyUsage();
      if (uses != null && !uses.contains(SERVER_AUTH) && !uses.contains(ANY_USE)) {
        return Optional.of("not for a server");
      }
    } catch (CertificateParsingException e) {
      return Optional.of("damaged: " + e.getMessage());
    }
    return isFor(name) ? Optional.empty() : Optional.of("not for " + name);
  }

  public boolean isFor(String name) {
    String anyHost = "*" + name.substring(Math.max(0, name.indexOf('.')));
    try {
      Collection<List<?>> names = certificate().getSubjectAlternativeNames();
      return names != null
          && names.stream()
              .filter(alternative -> alternative.getFirst().equals(DNS_NAME))
              .map(alternative -> String.valueOf(alternative.get(1)))
              .anyMatch(dns -> dns.equalsIgnoreCase(name) || dns.equalsIgnoreCase(anyHost));
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  public static boolean isValid(X509Certificate certificate, Instant now) {
    return !now.isBefore(certificate.getNotBefore().toInstant())
        && !now.isAfter(certificate.getNotAfter().toInstant());
  }

  /** SHA-256 of a certificate, hexadecimal. */
  public static String fingerprint(X509Certificate certificate) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
      return HexFormat.of().formatHex(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether its time is over. */
  public static boolean hasEnded(X509Certificate certificate, Instant now) {
    return now.isAfter(certificate.getNotAfter().toInstant());
  }
}
