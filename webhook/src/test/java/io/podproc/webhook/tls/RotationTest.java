// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

/** Years of rotations in moments: what a replica may serve, an API server trusts. */
class RotationTest {
  private static final Instant START = Instant.parse("2026-11-23T10:00:00Z");

  /** What happens next, after a part of a validity. */
  record Step(Event event, double pause) {}

  enum Event {
    LOOK,
    ANOTHER_LEADER,
    LOSE_CA,
    LOSE_CA_KEY,
    LOSE_NEXT_CA,
    LOSE_TLS,
    LOSE_ALL
  }

  /** A Secret, a registration, and replicas and API servers that may be behind. */
  private static final class Cluster {
    private record Registered(Instant from, List<List<X509Certificate>> bundles) {}

    private final CertificateSettings settings;
    private final Rotation rotation;
    private final List<ServingCertificate> served = new ArrayList<>();
    private final List<Registered> registered = new ArrayList<>();
    private final Set<X509Certificate> authorities = new HashSet<>();
    private SecretContents secret = SecretContents.EMPTY;
    private Registration seen = Registration.NONE;
    private Instant now = START;

    Cluster(Duration validity, Duration caValidity) {
      settings = Settings.self(validity, caValidity);
      rotation = new Rotation(settings);
      register(List.of(List.of(), List.of()));
    }

    void register(List<List<X509Certificate>> bundles) {
      registered.add(new Registered(now, bundles));
      seen = new Registration(bundles, now).after(seen);
    }

    /** As the leader does: at most one change. */
    void look() {
      SecretContents next = rotation.next(secret, seen, now);
      if (!next.equals(secret)) {
        write(next);
      } else if (!seen.isOnly(secret.bundle())) {
        register(List.of(secret.bundle(), secret.bundle()));
      }
    }

    void lookUntilNothingIsDue() {
      SecretContents before;
      Registration saw;
      do {
        before = secret;
        saw = seen;
        look();
      } while (!before.equals(secret) || !saw.equals(seen));
    }

    void write(SecretContents contents) {
      secret = contents;
      // A first one that is lost before anybody was to trust it is none to be missed.
      served.removeIf(certificate ->
          registered.stream()
              .noneMatch(held ->
                  new Registration(held.bundles, now).trusts(certificate, certificate.notAfter())));
      contents
          .serving()
          .filter(certificate -> !served.contains(certificate))
          .ifPresent(served::add);
      contents.current().map(Authority::certificate).ifPresent(authorities::add);
    }

    void lose(String... keys) {
      Map<String, String> data = new TreeMap<>(secret.data(Map.of()));
      for (String key : keys) {
        data.remove(key);
      }
      secret = SecretContents.read(data).contents();
    }

    void pass(Duration time) {
      now = now.plus(time);
    }

    void apply(Step step) {
      pass(Duration.ofMillis((long) (settings.validity().toMillis() * step.pause)));
      switch (step.event) {
        case LOOK -> look();
        case ANOTHER_LEADER -> seen = new Registration(seen.bundles(), now);
        case LOSE_CA -> lose("ca.crt", "ca.key");
        case LOSE_CA_KEY -> lose("ca.key");
        case LOSE_NEXT_CA -> lose("next-ca.crt", "next-ca.key");
        case LOSE_TLS -> lose("tls.crt");
        case LOSE_ALL -> secret = SecretContents.EMPTY;
      }
    }

    /**
     * Whatever was served ever may be served still by a replica that heard of nothing since, and
     * whatever was registered since {@code settling} may be believed still.
     */
    void assertTrusted() {
      Instant believed = now.minus(settings.settling());
      for (int i = 0; i < registered.size(); i++) {
        boolean replaced =
            i + 1 < registered.size() && !registered.get(i + 1).from.isAfter(believed);
        Registration held = new Registration(registered.get(i).bundles, registered.get(i).from);
        // Where nobody is trusted, at first or after a long absence, there is nothing to break.
        if (replaced || held.authorities(now).isEmpty()) {
          continue;
        }
        for (ServingCertificate certificate : served) {
          if (!now.isAfter(certificate.notAfter())) {
            assertThat(held.trusts(certificate, now))
                .as(
                    "registered %s, served until %s, at %s",
                    held.since(), certificate.notAfter(), now)
                .isTrue();
          }
        }
      }
    }
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Event> events =
        Arbitraries.frequencyOf(
            Tuple.of(40, Arbitraries.just(Event.LOOK)),
            Tuple.of(3, Arbitraries.just(Event.ANOTHER_LEADER)),
            Tuple.of(1, Arbitraries.of(Event.class)));
    Arbitrary<Double> pauses =
        Arbitraries.frequencyOf(
            Tuple.of(10, Arbitraries.doubles().between(0, 0.02)),
            Tuple.of(10, Arbitraries.doubles().between(0, 0.3)),
            Tuple.of(1, Arbitraries.doubles().between(0, 6)));
    return Combinators.combine(events, pauses).as(Step::new).list().ofMinSize(20).ofMaxSize(80);
  }

  @Property(tries = 300)
  void whateverIsServedIsTrustedByEveryApiServer(@ForAll("steps") List<Step> steps) {
    Cluster cluster = new Cluster(Duration.ofDays(1), Duration.ofDays(4));
    for (Step step : steps) {
      cluster.apply(step);
      cluster.assertTrusted();
    }
  }

  @Test
  void fiveYearsRenewTheCertificateWithoutAGapAndTheCaInTime() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    int rotatedBundles = 0;
    for (int hour = 0; hour < 5 * 365 * 24; hour += 6) {
      cluster.lookUntilNothingIsDue();
      cluster.assertTrusted();
      ServingCertificate serving = cluster.secret.serving().orElseThrow();
      // A third of its life less what passes between two looks.
      assertThat(serving.notAfter()).isAfter(cluster.now.plus(Duration.ofDays(29)));
      Authority current = cluster.secret.current().orElseThrow();
      assertThat(current.notAfter()).isAfter(cluster.now.plus(Duration.ofDays(2 * 90)));
      assertThat(cluster.secret.bundle()).hasSizeBetween(1, 3).doesNotHaveDuplicates();
      rotatedBundles = Math.max(rotatedBundles, cluster.secret.bundle().size());
      cluster.pass(Duration.ofHours(6));
    }
    assertThat(cluster.served).hasSizeBetween(5 * 365 / 90, 5 * 365 / 45);
    assertThat(cluster.authorities).hasSizeBetween(5, 20);
    // Old CAs left.
    assertThat(rotatedBundles).isEqualTo(2);
  }

  @Test
  void onlyTheCaChangesTheBundle() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(1825));
    cluster.lookUntilNothingIsDue();
    ServingCertificate first = cluster.secret.serving().orElseThrow();
    List<X509Certificate> bundle = cluster.secret.bundle();

    cluster.pass(Duration.ofDays(58));
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.serving()).contains(first);

    cluster.pass(Duration.ofDays(3));
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.serving().orElseThrow()).isNotEqualTo(first);
    assertThat(cluster.secret.bundle()).isEqualTo(bundle);
  }

  @Test
  void aNewCaIssuesOnlyWhenItHasBeenTrustedForAWhile() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    cluster.pass(Duration.ofDays(365 - 270).plusHours(2));

    cluster.look();
    Authority next = cluster.secret.next().orElseThrow();
    Authority before = cluster.secret.current().orElseThrow();
    // Not registered, however much time passes.
    cluster.pass(Duration.ofDays(1));
    assertThat(cluster.rotation.next(cluster.secret, cluster.seen, cluster.now).current())
        .contains(before);

    cluster.lookUntilNothingIsDue();
    assertThat(cluster.seen.holds(next.certificate())).isTrue();
    assertThat(cluster.secret.current()).contains(before);
    // In one entry of two only.
    Registration half =
        new Registration(List.of(cluster.secret.bundle(), List.of(before.certificate())), START);
    assertThat(cluster.rotation.next(cluster.secret, half, cluster.now).current()).contains(before);

    cluster.pass(cluster.settings.settling());
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.current()).contains(next);
    assertThat(cluster.secret.next()).isEmpty();
    assertThat(next.issued(cluster.secret.serving().orElseThrow())).isTrue();
    assertThat(cluster.secret.old()).containsExactly(before.certificate());
    // The key of a CA that issues no more is nowhere.
    assertThat(cluster.secret.data(Map.of()).values())
        .noneMatch(value -> value.contains(Pem.text(before.key())));

    cluster.pass(Duration.ofDays(91));
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.bundle()).containsExactly(next.certificate());
    assertThat(cluster.seen.isOnly(cluster.secret.bundle())).isTrue();
  }

  @Test
  void aServiceOfAnotherNameGetsACertificateOfTheSameCa() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(1825));
    cluster.lookUntilNothingIsDue();
    cluster.pass(Duration.ofHours(1));
    Rotation renamed = new Rotation(Settings.forService("other"));
    SecretContents next = renamed.next(cluster.secret, cluster.seen, cluster.now);
    assertThat(next.serving().orElseThrow().isFor("other.podproc.svc")).isTrue();
    assertThat(next.bundle()).isEqualTo(cluster.secret.bundle());
  }

  @Test
  void aCertificateOfAnotherCaIsReplaced() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(1825));
    cluster.lookUntilNothingIsDue();
    cluster.pass(Duration.ofHours(1));
    ServingCertificate foreign =
        Authority.create(cluster.now, Duration.ofDays(365))
            .issue(cluster.settings.names(), cluster.now, Duration.ofDays(90));
    SecretContents next =
        cluster.rotation.next(cluster.secret.withServing(foreign), cluster.seen, cluster.now);
    assertThat(next.current().orElseThrow().issued(next.serving().orElseThrow())).isTrue();
  }

  @Test
  void anEmptiedSecretGetsANewCaAndTheRegisteredOneStaysAsLongAsItMayBeInUse() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(1825));
    cluster.lookUntilNothingIsDue();
    cluster.pass(Duration.ofDays(10));
    X509Certificate lost = cluster.secret.bundle().getFirst();
    cluster.secret = SecretContents.EMPTY;

    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.serving()).isEmpty();
    assertThat(cluster.secret.bundle()).hasSize(2).startsWith(lost);

    cluster.pass(cluster.settings.settling());
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.serving()).isPresent();
    assertThat(cluster.secret.bundle()).hasSize(2).startsWith(lost);

    cluster.pass(Duration.ofDays(91));
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.bundle()).hasSize(1).doesNotContain(lost);
  }

  @Test
  void aLongAbsenceEndsWithACertificateAtOnce() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    cluster.pass(Duration.ofDays(1000));
    cluster.lookUntilNothingIsDue();
    assertThat(cluster.secret.serving().orElseThrow().problem(Settings.NAME, cluster.now))
        .isEmpty();
    assertThat(cluster.secret.bundle()).hasSize(1);
    cluster.assertTrusted();
  }

  @Test
  void aRegistrationThatIsNotThereHoldsNothingUp() {
    Rotation rotation = new Rotation(Settings.self(Duration.ofDays(90), Duration.ofDays(365)));
    SecretContents contents = SecretContents.EMPTY;
    for (int day = 0; day < 1000; day++) {
      Instant now = START.plus(Duration.ofDays(day));
      contents = rotation.next(contents, Registration.NONE, now);
      assertThat(contents.serving().orElseThrow().problem(Settings.NAME, now)).isEmpty();
    }
  }

  @Test
  void aRegistrationThatCannotBeChangedEndsWithItsCaAndNotBefore() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    Registration stuck = cluster.seen;
    Authority first = cluster.secret.current().orElseThrow();
    SecretContents contents = cluster.secret;
    for (int day = 0; day < 600; day++) {
      Instant now = START.plus(Duration.ofDays(day));
      contents = rotation(cluster).next(contents, stuck, now);
      Optional<ServingCertificate> serving = contents.serving();
      if (now.plus(Duration.ofDays(1)).isBefore(first.notAfter())) {
        assertThat(serving.map(certificate -> stuck.trusts(certificate, now)))
            .as("day %s", day)
            .isNotEqualTo(Optional.of(false));
      }
    }
    assertThat(contents.serving()).isPresent();
  }

  private static Rotation rotation(Cluster cluster) {
    return cluster.rotation;
  }

  @Test
  void aClockThatIsALittleBehindMakesNothingAnew() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    // It begins an hour before it was made.
    Instant behind = START.minus(Duration.ofMinutes(64));
    assertThat(cluster.rotation.next(cluster.secret, cluster.seen, behind))
        .isEqualTo(cluster.secret);
  }

  /** One look by a leader whose clock is ahead. */
  @Test
  void whatAClockThatWasAYearAheadMadeIsReplaced() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(1825));
    cluster.lookUntilNothingIsDue();
    Instant right = cluster.now;
    cluster.pass(Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    cluster.now = right.plus(Duration.ofMinutes(1));
    assertThat(cluster.secret.serving().orElseThrow().problem(Settings.NAME, cluster.now))
        .isPresent();

    cluster.lookUntilNothingIsDue();
    ServingCertificate serving = cluster.secret.serving().orElseThrow();
    assertThat(serving.problem(Settings.NAME, cluster.now)).isEmpty();
    assertThat(cluster.seen.trusts(serving, cluster.now)).isTrue();
  }

  @Test
  void aCaThatAClockThatWasAYearAheadMadeIsReplaced() {
    Cluster cluster = new Cluster(Duration.ofDays(90), Duration.ofDays(365));
    cluster.pass(Duration.ofDays(365));
    cluster.lookUntilNothingIsDue();
    cluster.now = START;
    cluster.served.clear();
    cluster.registered.clear();
    cluster.register(cluster.seen.bundles());

    cluster.lookUntilNothingIsDue();
    cluster.pass(cluster.settings.settling());
    cluster.lookUntilNothingIsDue();
    Instant now = cluster.now;
    ServingCertificate serving = cluster.secret.serving().orElseThrow();
    assertThat(serving.problem(Settings.NAME, now)).isEmpty();
    assertThat(cluster.seen.trusts(serving, now)).isTrue();
  }
}
