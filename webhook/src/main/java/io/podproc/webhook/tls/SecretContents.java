// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.podproc.webhook.tls.kubernetes.ApiServerClock;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the Secret holds.
 *
 * @param current the CA that issues
 * @param next the CA that will, once every API server trusts it
 * @param old CAs that issue no more, of which certificates may be served until {@code oldUntil}
 */
record SecretContents(
    Optional<Authority> current,
    Optional<Authority> next,
    List<X509Certificate> old,
    Instant oldUntil,
    Optional<ServingCertificate> serving) {
  private static final String VERSION = "version";
  private static final int THIS_VERSION = 1;
  private static final String CA = "ca";
  private static final String NEXT_CA = "next-ca";
  private static final String OLD_CA = "old-ca.crt";
  private static final String OLD_UNTIL = "old-ca.until";
  private static final String TLS = "tls";
  private static final List<String> KEYS =
      List.of(
          "ca.crt",
          "ca.key",
          "next-ca.crt",
          "next-ca.key",
          OLD_CA,
          OLD_UNTIL,
          "tls.crt",
          "tls.key");

  static final SecretContents EMPTY =
      new SecretContents(
          Optional.empty(), Optional.empty(), List.of(), Instant.EPOCH, Optional.empty());

  /**
   * Contents that could be read, and what could not.
   *
   * @param damage one phrase for each thing that is damaged and taken for missing
   */
  record Reading(SecretContents contents, List<String> damage) {}

  /** Whether a later release wrote this, of which this one can't know what it means. */
  static boolean isOfLaterVersion(Map<String, String> data) {
    String version = decode(data, VERSION).strip();
    return !version.isEmpty() && !version.equals(Integer.toString(THIS_VERSION));
  }

  /** Reads a Secret's data. What is damaged counts as missing. */
  static Reading read(Map<String, String> data) {
    List<String> damage = new ArrayList<>();
    List<X509Certificate> old = List.of();
    Instant oldUntil = Instant.EPOCH;
    String oldPem = decode(data, OLD_CA);
    if (!oldPem.isEmpty()) {
      try {
        old = Pem.certificates(oldPem);
        oldUntil = Instant.parse(decode(data, OLD_UNTIL).strip());
      } catch (GeneralSecurityException | DateTimeException e) {
        damage.add(OLD_CA + ": " + e.getMessage());
        // Without a known end it would stay for ever.
        old = List.of();
      }
    }
    SecretContents contents =
        new SecretContents(
            pair(data, CA, Authority::parse, damage),
            pair(data, NEXT_CA, Authority::parse, damage),
            old,
            oldUntil,
            pair(data, TLS, ServingCertificate::parse, damage));
    return new Reading(contents, List.copyOf(damage));
  }

  private interface Parser<T> {
    T parse(String certificate, String key) throws GeneralSecurityException;
  }

  private static <T> Optional<T> pair(
      Map<String, String> data, String name, Parser<T> parser, List<String> damage) {
    String certificate = decode(data, name + ".crt");
    String key = decode(data, name + ".key");
    if (certificate.isEmpty() && key.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parser.parse(certificate, key));
    } catch (GeneralSecurityException e) {
      damage.add(name + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  private static String decode(Map<String, String> data, String key) {
    try {
      String value = data.getOrDefault(key, "");
      return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "not base64";
    }
  }

  /** The data of a Secret that held {@code before}: what is not ours in there stays. */
  Map<String, String> data(Map<String, String> before) {
    Map<String, String> data = new TreeMap<>(before);
    KEYS.forEach(data::remove);
    put(data, VERSION, Integer.toString(THIS_VERSION));
    current.ifPresent(ca -> put(data, CA, ca.certificate(), Pem.text(ca.key())));
    next.ifPresent(ca -> put(data, NEXT_CA, ca.certificate(), Pem.text(ca.key())));
    serving.ifPresent(tls -> put(data, TLS, tls.certificate(), Pem.text(tls.key())));
    if (!old.isEmpty()) {
      put(data, OLD_CA, Pem.text(old));
      put(data, OLD_UNTIL, oldUntil.toString());
    }
    return data;
  }

  private static void put(
      Map<String, String> data, String name, X509Certificate certificate, String key) {
    put(data, name + ".crt", Pem.text(List.of(certificate)));
    put(data, name + ".key", key);
  }

  private static void put(Map<String, String> data, String key, String value) {
    data.put(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
  }

  /** The CAs that the API server is to trust, in an order that a rotation does not change. */
  List<X509Certificate> bundle() {
    List<X509Certificate> bundle = new ArrayList<>(old);
    current.ifPresent(ca -> bundle.add(ca.certificate()));
    next.ifPresent(ca -> bundle.add(ca.certificate()));
    return List.copyOf(bundle);
  }

  SecretContents withServing(ServingCertificate certificate) {
    return new SecretContents(current, next, old, oldUntil, Optional.of(certificate));
  }

  SecretContents withNext(Authority authority) {
    return new SecretContents(current, Optional.of(authority), old, oldUntil, serving);
  }

  SecretContents withOld(List<X509Certificate> certificates, Instant until) {
    return new SecretContents(current, next, List.copyOf(certificates), until, serving);
  }

  /**
   * Without what has ended, and without what a clock that was ahead has made: nobody could use it
   * before it begins. What begins soon stays, as clocks differ a little.
   */
  SecretContents at(Instant now) {
    boolean oldEnded = now.isAfter(oldUntil);
    return new SecretContents(
        current.filter(ca -> isOfUse(ca.certificate(), now)),
        next.filter(ca -> isOfUse(ca.certificate(), now)),
        oldEnded
            ? List.of()
            : old.stream().filter(ca -> !ServingCertificate.hasEnded(ca, now)).toList(),
        oldEnded ? Instant.EPOCH : oldUntil,
        serving.filter(tls -> isOfUse(tls.certificate(), now)));
  }

  private static boolean isOfUse(X509Certificate certificate, Instant now) {
    Instant begin = certificate.getNotBefore().toInstant();
    return !ServingCertificate.hasEnded(certificate, now)
        && !begin.isAfter(now.plus(ApiServerClock.TOLERANCE));
  }
}
