// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.WatchSchedule.Ask;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WatchScheduleTest {
  private static final Duration LONG = Duration.ofMinutes(20);
  private static final Duration SHORT = Duration.ofMillis(10);

  private final WatchSchedule schedule = new WatchSchedule(new Random(1));

  private static void assertBetween(Duration pause, Duration least, Duration most) {
    assertThat(pause).isBetween(least, most);
  }

  @Test
  void itGoesOnFromWhatItHeardLast() {
    assertThat(schedule.next()).isEqualTo(Ask.STREAM);
    schedule.heard("7");
    assertThat(schedule.ended(LONG)).isLessThanOrEqualTo(WatchSchedule.SPREAD);
    assertThat(schedule.next()).isEqualTo(Ask.WATCH);
    assertThat(schedule.version()).contains("7");
    assertThat(schedule.failed()).isPositive();
    assertThat(schedule.version()).contains("7");
  }

  @Test
  void itListsWhereThatIsForgottenAndTakesNothingOlder() {
    schedule.heard("7");
    assertThat(schedule.expired()).isLessThanOrEqualTo(WatchSchedule.SPREAD);
    assertThat(schedule.next()).isEqualTo(Ask.STREAM);
    assertThat(schedule.least()).contains("7");
    assertThat(schedule.expired()).isPositive();
    assertThat(schedule.least()).isEmpty();
  }

  @Test
  void whatAnApiServerDoesNotKnowIsNotAskedForAgain() {
    assertThat(schedule.unsupported()).isZero();
    assertThat(schedule.next()).isEqualTo(Ask.LIST);
  }

  @Test
  void itWaitsLongerEachTimeUpToMinutes() {
    Duration most = Duration.ofSeconds(1);
    for (int i = 0; i < 20; i++) {
      assertBetween(schedule.failed(), most.dividedBy(2), most.multipliedBy(3).dividedBy(2));
      most =
          most.multipliedBy(2).compareTo(Duration.ofMinutes(4)) < 0
              ? most.multipliedBy(2)
              : Duration.ofMinutes(4);
    }
    schedule.heard("1");
    assertThat(schedule.failed()).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void itDoesNotComeBackBeforeItIsTold() {
    for (int i = 0; i < 100; i++) {
      assertBetween(
          new WatchSchedule(new Random(i)).busy(Optional.of(Duration.ofSeconds(30))),
          Duration.ofSeconds(30),
          Duration.ofSeconds(45));
    }
    assertThat(schedule.busy(Optional.of(Duration.ofDays(999)))).isLessThan(Duration.ofMinutes(16));
    assertThat(schedule.busy(Optional.empty())).isPositive();
  }

  @Test
  void whoMayNotAsksEachFewMinutesAndWhoMightGoesOnSooner() {
    assertThat(schedule.refused()).isGreaterThan(Duration.ofMinutes(2));
    schedule.heard("1");
    assertThat(schedule.refused()).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void whereNobodyListensItTriesEachSecondForEver() {
    for (int i = 0; i < 1000; i++) {
      assertThat(schedule.unreachable()).isLessThan(Duration.ofSeconds(2));
    }
  }

  /**
   * It breaks off a few times as it goes, is away for ten minutes, and then it is known at once.
   */
  @Test
  void whatCameBeforeItWasAwayDoesNotCountWhenItIsBack() {
    schedule.heard("7");
    for (int i = 0; i < 8; i++) {
      assertThat(schedule.failed()).isPositive();
    }
    Duration away = Duration.ZERO;
    Duration pause = Duration.ZERO;
    while (away.compareTo(Duration.ofMinutes(10)) < 0) {
      pause = schedule.unreachable();
      away = away.plus(pause);
    }
    assertThat(pause).isLessThan(Duration.ofSeconds(2));
    assertThat(schedule.next()).isEqualTo(Ask.WATCH);
    assertThat(schedule.version()).contains("7");
    assertThat(schedule.failed()).isLessThan(Duration.ofSeconds(2));
  }

  /** A version from before the API server's data was restored looks like that. */
  @Test
  void watchesThatEndAtOnceLeadToAList() {
    schedule.heard("700");
    for (int i = 0; i < 3; i++) {
      assertThat(schedule.next()).isEqualTo(Ask.WATCH);
      assertThat(schedule.ended(SHORT)).isPositive();
    }
    assertThat(schedule.next()).isEqualTo(Ask.STREAM);
    assertThat(schedule.least()).isEmpty();
  }

  @Test
  void notAllOfAFleetAskAtTheSameTime() {
    assertThat(
            java.util.stream.IntStream.range(0, 1000)
                .mapToObj(i -> new WatchSchedule(new Random(i)).watchFor().toSeconds())
                .distinct())
        .hasSizeGreaterThan(500)
        .allSatisfy(seconds -> assertThat(seconds).isBetween(1200L, 2400L));
  }
}
