// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where certificates come from, whom they are for, and for how long they are made.
 *
 * @param namespace of podproc
 * @param service the Service that the API server calls
 * @param webhookConfiguration the MutatingWebhookConfiguration that registers it
 * @param directory with tls.crt and tls.key
 * @param secret that keeps what is made
 * @param lease by which one replica is chosen to make it
 * @param validity of a serving certificate, 30 s to 397 days
 * @param caValidity of a CA, at least four times that, at most 36500 days
 */
public record CertificateSettings(
    CertificateSource source,
    String namespace,
    String service,
    String webhookConfiguration,
    Path directory,
    String secret,
    String lease,
    Duration validity,
    Duration caValidity) {
  private static final Duration SHORTEST = Duration.ofSeconds(30);
  private static final Duration LONGEST = Duration.ofDays(397);
  private static final Duration LONGEST_CA = Duration.ofDays(36_500);
  private static final int OVERLAPS = 4;

  /**
   * @throws IllegalArgumentException if a validity is out of range, with one line that names it
   */
  public CertificateSettings {
    if (validity.compareTo(SHORTEST) < 0 || validity.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "podproc.certificate-validity must be from 30 s to 397 days, not " + validity);
    }
    if (caValidity.compareTo(validity.multipliedBy(OVERLAPS)) < 0
        || caValidity.compareTo(LONGEST_CA) > 0) {
      throw new IllegalArgumentException(
          "podproc.ca-validity must be from "
              + OVERLAPS
              + " times certificate-validity ("
              + validity
              + ") to 36500 days, not "
              + caValidity);
    }
  }

  /** The name that the API server asks for, whatever the cluster's domain. */
  String calledName() {
    return service + "." + namespace + ".svc";
  }

  /** All names of a certificate that is made here. */
  List<String> names() {
    return List.of(calledName(), service + "." + namespace, service);
  }

  /** After what time every API server surely has a caBundle that was registered. */
  Duration settling() {
    return shorter(Duration.ofMinutes(5), validity.dividedBy(10));
  }

  /** For how long a leader that is silent stays the leader. */
  Duration leaseDuration() {
    return shorter(Duration.ofSeconds(15), validity.dividedBy(10));
  }

  /** How often it is looked whether something is due. */
  Duration period() {
    return shorter(Duration.ofMinutes(1), validity.dividedBy(60));
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
