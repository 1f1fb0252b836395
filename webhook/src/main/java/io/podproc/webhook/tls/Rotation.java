// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the Secret is to hold next. A CA goes through it as <i>next</i>, trusted but not used; as
 * <i>current</i>, once every API server trusts it; and as <i>old</i>, trusted until the last that
 * it issued has ended. So whatever a replica serves, from now or from before, each API server
 * trusts it.
 *
 * <p>A function of what it is given: it reads no clock and asks nobody.
 */
final class Rotation {
  /** How many validities of a serving certificate before its end a CA gets a successor. */
  private static final int LEAD = 3;

  private final CertificateSettings settings;

  Rotation(CertificateSettings settings) {
    this.settings = settings;
  }

  /** The same contents if nothing is due. */
  SecretContents next(SecretContents contents, Registration registered, Instant now) {
    SecretContents kept = contents.at(now);
    if (kept.current().isEmpty()) {
      return begin(kept, registered, now);
    }
    Authority current = kept.current().get();
    if (kept.next().isPresent() && mayIssue(kept.next().get(), registered, now)) {
      return promote(kept, kept.next().get(), now);
    }
    if (isDue(kept.serving(), current, now) && mayIssue(current, registered, now)) {
      kept = kept.withServing(issue(current, now));
    }
    Duration lead = settings.validity().multipliedBy(LEAD);
    // One overlap at a time.
    if (kept.next().isEmpty()
        && kept.old().isEmpty()
        && now.plus(lead).isAfter(current.notAfter())) {
      kept = kept.withNext(Authority.create(now, settings.caValidity()));
    }
    return kept;
  }

  /** There is no CA to issue with. What is served still may be of any that are registered. */
  private SecretContents begin(SecretContents kept, Registration registered, Instant now) {
    Authority next = kept.next().orElseGet(() -> Authority.create(now, settings.caValidity()));
    Set<X509Certificate> old = new LinkedHashSet<>(kept.old());
    boolean more = false;
    for (X509Certificate authority : registered.authorities(now)) {
      more |= !authority.equals(next.certificate()) && old.add(authority);
    }
    Instant until = more ? now.plus(settings.validity()) : kept.oldUntil();
    SecretContents begun = kept.withNext(next).withOld(List.copyOf(old), until);
    return mayIssue(next, registered, now) ? promote(begun, next, now) : begun;
  }

  private SecretContents promote(SecretContents kept, Authority next, Instant now) {
    List<X509Certificate> old = new ArrayList<>(kept.old());
    Instant oldUntil = kept.oldUntil();
    if (kept.current().isPresent()) {
      old.add(kept.current().get().certificate());
      oldUntil = later(oldUntil, now.plus(settings.validity()));
      oldUntil = later(oldUntil, kept.serving().map(ServingCertificate::notAfter).orElse(now));
    }
    return new SecretContents(
        Optional.of(next),
        Optional.empty(),
        List.copyOf(old),
        oldUntil,
        Optional.of(issue(next, now)));
  }

  /** Every API server trusts it, or none trusts anybody that a change could take from it. */
  private boolean mayIssue(Authority authority, Registration registered, Instant now) {
    boolean settled = !now.isBefore(registered.since().plus(settings.settling()));
    return (settled && registered.holds(authority.certificate()))
        || registered.authorities(now).stream().allMatch(authority.certificate()::equals);
  }

  /** After two thirds of its life; at once where it is missing, another CA's or for others. */
  private boolean isDue(Optional<ServingCertificate> serving, Authority current, Instant now) {
    if (serving.isEmpty()
        || !current.issued(serving.get())
        || !settings.names().stream().allMatch(name -> serving.get().isFor(name))) {
      return true;
    }
    Instant begin = serving.get().certificate().getNotBefore().toInstant();
    Instant due =
        begin.plus(Duration.between(begin, serving.get().notAfter()).dividedBy(3).multipliedBy(2));
    // A CA near its end has no longer ones to give.
    return !now.isBefore(due) && !now.plus(settings.validity()).isAfter(current.notAfter());
  }

  private ServingCertificate issue(Authority authority, Instant now) {
    return authority.issue(settings.names(), now, settings.validity());
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
