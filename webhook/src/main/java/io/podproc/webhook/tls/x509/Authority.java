// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.x509;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A CA that can issue: a certificate that signs itself, and its key. EC P-256 throughout. */
public record Authority(X509Certificate certificate, PrivateKey key) {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SERIAL_BITS = 127;
  private static final Duration MOST_BACKDATED = Duration.ofHours(1);

  /** How much earlier than now a certificate begins, for those whose clock is behind. */
  public static Duration backdate(Duration validity) {
    Duration part = validity.dividedBy(10);
    return part.compareTo(MOST_BACKDATED) < 0 ? part : MOST_BACKDATED;
  }

  /** A new one, which may issue serving certificates and no CAs. */
  public static Authority create(Instant now, Duration validity) {
    BigInteger serial = serial();
    // A name of its own, so that nobody takes one CA for another.
    X500Name name = new X500Name("CN=podproc CA " + serial.toString(36).substring(0, 8));
    try {
      KeyPair keys = keys();
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  name,
                  serial,
                  Date.from(now.minus(backdate(validity))),
                  Date.from(now.plus(validity)),
                  name,
                  keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  identifiers.createSubjectKeyIdentifier(keys.getPublic()));
      return new Authority(sign(builder, keys.getPrivate()), keys.getPrivate());
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      // Each JDK has what is needed.
      throw new IllegalStateException(e);
    }
  }

  /**
   * Both from PEM.
   *
   * @throws GeneralSecurityException if one is damaged or not a CA's, or the key is another's
   */
  public static Authority parse(String certificate, String key) throws GeneralSecurityException {
    ServingCertificate parsed = ServingCertificate.parse(certificate, key);
    if (parsed.certificate().getBasicConstraints() < 0) {
      throw new GeneralSecurityException("not a CA's certificate");
    }
    return new Authority(parsed.certificate(), parsed.key());
  }

  /** A certificate for a server of these names, which ends with this CA at the latest. */
  public ServingCertificate issue(List<String> names, Instant now, Duration validity) {
    Instant end = now.plus(validity);
    try {
      KeyPair keys = keys();
      PublicKey issuer = certificate.getPublicKey();
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  certificate,
                  serial(),
                  Date.from(now.minus(backdate(validity))),
                  Date.from(end.isBefore(notAfter()) ? end : notAfter()),
                  new X500Principal("CN=podproc webhook"),
                  keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
              .addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(
                      names.stream()
                          .map(name -> new GeneralName(GeneralName.dNSName, name))
                          .toArray(GeneralName[]::new)))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  identifiers.createAuthorityKeyIdentifier(issuer));
      return new ServingCertificate(List.of(sign(builder, key)), keys.getPrivate());
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  public Instant notAfter() {
    return certificate.getNotAfter().toInstant();
  }

  public boolean issued(ServingCertificate serving) {
    try {
      serving.certificate().verify(certificate.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
    return generator.generateKeyPair();
  }

  private static BigInteger serial() {
    // The highest bit set: as long as all others, and never zero.
    return new BigInteger(SERIAL_BITS, RANDOM).setBit(SERIAL_BITS);
  }
}
