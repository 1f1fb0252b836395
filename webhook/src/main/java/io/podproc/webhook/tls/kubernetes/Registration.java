// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whom the API server is told to trust.
 *
 * @param bundles the CAs of each entry; none where its caBundle is missing or damaged
 * @param since when this was first seen
 */
public record Registration(List<List<X509Certificate>> bundles, Instant since) {
  /** Nothing is registered. */
  public static final Registration NONE = new Registration(List.of(), Instant.EPOCH);

  /** More would be no rotation's remains. */
  private static final int MAX_AUTHORITIES = 8;

  public static Registration of(MutatingWebhookConfiguration configuration, Instant now) {
    return new Registration(
        configuration.getWebhooks().stream().map(Registration::bundle).toList(), now);
  }

  private static List<X509Certificate> bundle(MutatingWebhook webhook) {
    try {
      String bundle = caBundle(webhook);
      return Pem.certificates(
          new String(Base64.getDecoder().decode(bundle), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      // As the API server, which then trusts nobody.
      return List.of();
    }
  }

  /** As it is written, in base64; empty where there is none. */
  public static String caBundle(MutatingWebhook webhook) {
    return webhook.getClientConfig() == null || webhook.getClientConfig().getCaBundle() == null
        ? ""
        : webhook.getClientConfig().getCaBundle();
  }

  /** This, seen since {@code earlier} was if it is the same. */
  public Registration after(Registration earlier) {
    return bundles.equals(earlier.bundles) ? earlier : this;
  }

  /** Whether each entry has these and no others; so has one that is not registered. */
  public boolean isOnly(List<X509Certificate> authorities) {
    return bundles.stream().allMatch(authorities::equals);
  }

  /** Whether every entry has this CA. */
  public boolean holds(X509Certificate authority) {
    return !bundles.isEmpty() && bundles.stream().allMatch(bundle -> bundle.contains(authority));
  }

  /** All that an entry has and that has not ended. */
  public Set<X509Certificate> authorities(Instant now) {
    return bundles.stream()
        .flatMap(Collection::stream)
        .filter(certificate -> !ServingCertificate.hasEnded(certificate, now))
        .limit(MAX_AUTHORITIES)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether every entry's CAs lead to this certificate. */
  public boolean trusts(ServingCertificate serving, Instant now) {
    return !bundles.isEmpty() && bundles.stream().allMatch(bundle -> trusts(bundle, serving, now));
  }

  private static boolean trusts(
      List<X509Certificate> bundle, ServingCertificate serving, Instant now) {
    Set<TrustAnchor> anchors = new HashSet<>();
    for (X509Certificate authority : bundle) {
      // PKIX leaves it to us whether an anchor has ended; the API server looks.
      if (ServingCertificate.isValid(authority, now)) {
        if (authority.equals(serving.certificate())) {
          return true;
        }
        anchors.add(new TrustAnchor(authority, null));
      }
    }
    if (anchors.isEmpty()) {
      return false;
    }
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(serving.certificate());
      PKIXBuilderParameters path = new PKIXBuilderParameters(anchors, target);
      path.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(serving.chain())));
      path.setRevocationEnabled(false);
      path.setDate(Date.from(now));
      var _ = CertPathBuilder.getInstance("PKIX").build(path);
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
