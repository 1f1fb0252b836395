// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.serving;

import io.podproc.webhook.tls.x509.ServingCertificate;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Gives each handshake the certificate of this moment. Connections that stand are not touched.
 * While there is none, handshakes fail.
 */
public final class ServingKeys extends X509ExtendedKeyManager {
  /** The certificates by the name that a handshake asks for them by, between which one may come. */
  private record Generation(
      ServingCertificate certificate, String alias, @Nullable Generation before) {
    @Nullable ServingCertificate find(String wanted) {
      if (wanted.equals(alias)) {
        return certificate;
      }
      return before != null && wanted.equals(before.alias) ? before.certificate : null;
    }
  }

  private final AtomicReference<@Nullable Generation> generation = new AtomicReference<>();

  /** From the next handshake on. */
  public void use(ServingCertificate certificate) {
    Generation before = generation.get();
    generation.set(
        new Generation(
            certificate,
            ServingCertificate.fingerprint(certificate.certificate()),
            before == null ? null : new Generation(before.certificate, before.alias, null)));
  }

  public Optional<ServingCertificate> current() {
    return Optional.ofNullable(generation.get()).map(Generation::certificate);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    Generation now = generation.get();
    return now != null && now.certificate.key().getAlgorithm().equals(keyType) ? now.alias : null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    Generation now = generation.get();
    return now != null && now.certificate.key().getAlgorithm().equals(keyType) ? now.alias : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    ServingCertificate certificate = find(alias);
    return certificate == null ? null : certificate.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    ServingCertificate certificate = find(alias);
    return certificate == null ? null : certificate.key();
  }

  private @Nullable ServingCertificate find(String alias) {
    Generation now = generation.get();
    return now == null ? null : now.find(alias);
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    Generation now = generation.get();
    return now == null ? null : new String[] {now.alias};
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, Socket socket) {
    return null;
  }
}
