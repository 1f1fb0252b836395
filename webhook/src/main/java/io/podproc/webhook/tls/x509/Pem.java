// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.x509;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** Certificates and keys as PEM text. */
public final class Pem {
  private static final int MAX_CHARS = 1 << 20;

  private Pem() {}

  /**
   * All certificates of a text, in its order; other blocks are passed over.
   *
   * @throws GeneralSecurityException if a block is damaged or cut short
   */
  public static List<X509Certificate> certificates(String text) throws GeneralSecurityException {
    JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
    List<X509Certificate> found = new ArrayList<>();
    for (Object block : blocks(text)) {
      if (block instanceof X509CertificateHolder holder) {
        found.add(converter.getCertificate(holder));
      }
    }
    return List.copyOf(found);
  }

  /**
   * The first private key of a text: PKCS #8, or an RSA or EC key in its older form.
   *
   * @throws GeneralSecurityException if there is none, or it is damaged, cut short or encrypted
   */
  public static PrivateKey key(String text) throws GeneralSecurityException {
    JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
    try {
      for (Object block : blocks(text)) {
        if (block instanceof PrivateKeyInfo info) {
          return converter.getPrivateKey(info);
        }
        if (block instanceof PEMKeyPair pair) {
          return converter.getKeyPair(pair).getPrivate();
        }
      }
    } catch (IOException e) {
      throw new GeneralSecurityException("unreadable private key", e);
    }
    throw new GeneralSecurityException("no private key that can be read");
  }

  public static String text(List<X509Certificate> certificates) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      for (X509Certificate certificate : certificates) {
        writer.writeObject(new PemObject("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    return text.toString();
  }

  public static String text(PrivateKey key) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject("PRIVATE KEY", key.getEncoded()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static List<Object> blocks(String text) throws GeneralSecurityException {
    if (text.length() > MAX_CHARS) {
      throw new GeneralSecurityException("longer than 1 MiB");
    }
    List<Object> blocks = new ArrayList<>();
    try (PEMParser parser = new PEMParser(new StringReader(text))) {
      for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
        blocks.add(block);
      }
    } catch (IOException | RuntimeException e) {
      // The parser tells of damage in many ways.
      throw new GeneralSecurityException("damaged PEM: " + e.getMessage(), e);
    }
    return blocks;
  }
}
