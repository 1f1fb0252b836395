// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.ReadingContainer.Kind;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What {@link SurvivalIT} does, once and with no engine: for kernels that can't ask a daemon for
 * what the last one had in hand, on machines where a daemon takes long to start and nothing can be
 * said of times.
 */
@Tag("integration")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HandoffIT {
  private static final String REPLACED = "replaced by one beside it";
  private static final String KILLED_BESIDE = "killed (-9), one beside it";

  private final Survey survey = new Survey();
  private List<String> complaints = List.of();

  @BeforeAll
  void disturb() throws Exception {
    Requirements.mount();
    ReadingContainer.need(Kind.PLAIN);
    try (Succession daemons = new Succession()) {
      try (ReadingContainer container =
          new ReadingContainer(Kind.PLAIN, daemons.serving(), 1, 128)) {
        survey.during(REPLACED, 1, daemons::replace);
        survey.during(KILLED_BESIDE, 1, daemons::killBesideAnother);
        survey.add(container);
      }
      complaints = daemons.complaints();
    }
    survey.print();
  }

  @Test
  void an_upgrade_costs_nobody_an_error() {
    assertThat(survey.errors(REPLACED)).isEmpty();
  }

  @Test
  void counters_go_on_where_they_were() {
    assertThat(survey.back(REPLACED)).isEmpty();
  }

  @Test
  void a_crash_costs_a_thread_one_error_at_most() {
    int most = Machine.hasLinux(6, 9) ? 0 : 1;
    assertThat(survey.rounds(KILLED_BESIDE))
        .allSatisfy(round -> assertThat(round.mostErrors()).isLessThanOrEqualTo(most));
  }

  @Test
  void nobody_sees_the_hosts_view() {
    assertThat(survey.wrong()).isEmpty();
    assertThat(survey.kinds()).allSatisfy(kind -> assertThat(survey.reads(kind)).isPositive());
  }

  @Test
  void no_daemon_has_reason_to_complain() {
    assertThat(complaints).isEmpty();
  }

  @Test
  void one_that_stands_by_and_is_stopped_has_not_failed() {
    try (Succession daemons = new Succession()) {
      DaemonProcess beside = daemons.beside();
      assertThat(beside.stop()).isZero();
      assertThat(beside.output().lines()).noneMatch(line -> line.startsWith("podproc: "));
      assertThat(daemons.serving().isAlive()).isTrue();
    }
  }
}
