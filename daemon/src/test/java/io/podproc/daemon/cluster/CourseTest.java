// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.Course.Ask;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CourseTest {
  private static final Duration LONG = Duration.ofMinutes(20);
  private static final Duration SHORT = Duration.ofMillis(10);

  private final Course course = new Course(new Random(1));

  private static void assertBetween(Duration pause, Duration least, Duration most) {
    assertThat(pause).isBetween(least, most);
  }

  @Test
  void itGoesOnFromWhatItHeardLast() {
    assertThat(course.next()).isEqualTo(Ask.STREAM);
    course.heard("7");
    assertThat(course.ended(LONG)).isLessThanOrEqualTo(Course.SPREAD);
    assertThat(course.next()).isEqualTo(Ask.WATCH);
    assertThat(course.version()).contains("7");
    assertThat(course.failed()).isPositive();
    assertThat(course.version()).contains("7");
  }

  @Test
  void itListsWhereThatIsForgottenAndTakesNothingOlder() {
    course.heard("7");
    assertThat(course.expired()).isLessThanOrEqualTo(Course.SPREAD);
    assertThat(course.next()).isEqualTo(Ask.STREAM);
    assertThat(course.least()).contains("7");
    assertThat(course.expired()).isPositive();
    assertThat(course.least()).isEmpty();
  }

  @Test
  void whatAnApiServerDoesNotKnowIsNotAskedForAgain() {
    assertThat(course.unsupported()).isZero();
    assertThat(course.next()).isEqualTo(Ask.LIST);
  }

  @Test
  void itWaitsLongerEachTimeUpToMinutes() {
    Duration most = Duration.ofSeconds(1);
    for (int i = 0; i < 20; i++) {
      assertBetween(course.failed(), most.dividedBy(2), most.multipliedBy(3).dividedBy(2));
      most =
          most.multipliedBy(2).compareTo(Duration.ofMinutes(4)) < 0
              ? most.multipliedBy(2)
              : Duration.ofMinutes(4);
    }
    course.heard("1");
    assertThat(course.failed()).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void itDoesNotComeBackBeforeItIsTold() {
    for (int i = 0; i < 100; i++) {
      assertBetween(
          new Course(new Random(i)).busy(Optional.of(Duration.ofSeconds(30))),
          Duration.ofSeconds(30),
          Duration.ofSeconds(45));
    }
    assertThat(course.busy(Optional.of(Duration.ofDays(999)))).isLessThan(Duration.ofMinutes(16));
    assertThat(course.busy(Optional.empty())).isPositive();
  }

  @Test
  void whoMayNotAsksEachFewMinutesAndWhoMightGoesOnSooner() {
    assertThat(course.refused()).isGreaterThan(Duration.ofMinutes(2));
    course.heard("1");
    assertThat(course.refused()).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void whereNobodyListensItTriesEachSecondForEver() {
    for (int i = 0; i < 1000; i++) {
      assertThat(course.unreachable()).isLessThan(Duration.ofSeconds(2));
    }
  }

  /**
   * It breaks off a few times as it goes, is away for ten minutes, and then it is known at once.
   */
  @Test
  void whatCameBeforeItWasAwayDoesNotCountWhenItIsBack() {
    course.heard("7");
    for (int i = 0; i < 8; i++) {
      assertThat(course.failed()).isPositive();
    }
    Duration away = Duration.ZERO;
    Duration pause = Duration.ZERO;
    while (away.compareTo(Duration.ofMinutes(10)) < 0) {
      pause = course.unreachable();
      away = away.plus(pause);
    }
    assertThat(pause).isLessThan(Duration.ofSeconds(2));
    assertThat(course.next()).isEqualTo(Ask.WATCH);
    assertThat(course.version()).contains("7");
    assertThat(course.failed()).isLessThan(Duration.ofSeconds(2));
  }

  /** A version from before the API server's data was restored looks like that. */
  @Test
  void watchesThatEndAtOnceLeadToAList() {
    course.heard("700");
    for (int i = 0; i < 3; i++) {
      assertThat(course.next()).isEqualTo(Ask.WATCH);
      assertThat(course.ended(SHORT)).isPositive();
    }
    assertThat(course.next()).isEqualTo(Ask.STREAM);
    assertThat(course.least()).isEmpty();
  }

  @Test
  void notAllOfAFleetAskAtTheSameTime() {
    assertThat(
            java.util.stream.IntStream.range(0, 1000)
                .mapToObj(i -> new Course(new Random(i)).watchFor().toSeconds())
                .distinct())
        .hasSizeGreaterThan(500)
        .allSatisfy(seconds -> assertThat(seconds).isBetween(1200L, 2400L));
  }
}
