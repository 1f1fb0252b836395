// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.VisibleCpus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CpuLedgerTest {
  private static final long SECOND = 1_000_000_000;

  private static VisibleCpus cpus(int count, double capacity) {
    return new VisibleCpus(IntStream.range(0, count).boxed().toList(), capacity, false);
  }

  private static CpuUsage used(double seconds) {
    return new CpuUsage(new CpuTime((long) (seconds * SECOND), 0, 0), List.of());
  }

  /** What the kernel of version 1 tells: seconds by CPU. */
  private static CpuUsage usedBy(double... seconds) {
    List<Long> perCpu = Arrays.stream(seconds).mapToObj(s -> (long) (s * SECOND)).toList();
    long sum = perCpu.stream().mapToLong(Long::longValue).sum();
    return new CpuUsage(new CpuTime(sum, 0, 0), perCpu);
  }

  private static double busy(CpuTimes.Cpu before, CpuTimes.Cpu after) {
    double used = after.used().sum() - before.used().sum();
    return used / (used + after.idle() - before.idle());
  }

  @Test
  void oneOfOneAndAHalfCpusBusyIsTwoThirds() {
    CpuLedger ledger = new CpuLedger(0);
    CpuTimes before = ledger.advance(cpus(2, 1.5), used(10), 10 * SECOND);
    CpuTimes after = ledger.advance(cpus(2, 1.5), used(12), 12 * SECOND);
    assertThat(busy(before.total(), after.total())).isCloseTo(0.667, within(0.001));
    assertThat(busy(before.visible().get(0), after.visible().get(0)))
        .isCloseTo(0.667, within(0.001));
    assertThat(busy(before.visible().get(1), after.visible().get(1)))
        .isCloseTo(0.667, within(0.001));
  }

  @Test
  void whoeverUsesAllItMayIsNeverIdle() {
    CpuLedger ledger = new CpuLedger(0);
    long idle = ledger.advance(cpus(2, 1.5), used(1), 2 * SECOND).total().idle();
    assertThat(idle).isEqualTo(2 * SECOND);
    for (int second = 3; second < 10; second++) {
      CpuTimes times = ledger.advance(cpus(2, 1.5), used(1 + (second - 2) * 1.5), second * SECOND);
      assertThat(times.total().idle()).isEqualTo(idle);
    }
  }

  @Test
  void usageBeforeTheFirstReadingIsBookedOnTheTimeSinceTheBeginning() {
    CpuTimes times = new CpuLedger(-100 * SECOND).advance(cpus(2, 2), used(50), 0);
    assertThat(times.total())
        .isEqualTo(new CpuTimes.Cpu(new CpuTime(50 * SECOND, 0, 0), 150 * SECOND));
    assertThat(times.visible().get(0).used().sum()).isEqualTo(25 * SECOND);
  }

  @Test
  void whatExceedsTheCapacityForAMomentIsMadeUpFor() {
    CpuLedger ledger = new CpuLedger(0);
    ledger.advance(cpus(1, 1), used(0), 0);
    assertThat(ledger.advance(cpus(1, 1), used(1.5), SECOND).total().idle()).isZero();
    assertThat(ledger.advance(cpus(1, 1), used(1.5), 2 * SECOND).total().idle())
        .isEqualTo(SECOND / 2);
  }

  @Test
  void aDebtFromALargerLimitDoesNotStopIdleTimeForLong() {
    CpuLedger ledger = new CpuLedger(0);
    // An hour on 4 CPUs before the first reading, which finds a limit of 1.
    ledger.advance(cpus(1, 1), used(4 * 3600), 3600 * SECOND);
    long idle = ledger.advance(cpus(1, 1), used(4 * 3600), 3602 * SECOND).total().idle();
    CpuTimes later = ledger.advance(cpus(1, 1), used(4 * 3600 + 5), 3612 * SECOND);
    assertThat(later.total().idle() - idle).isEqualTo(5 * SECOND);
  }

  @Test
  void whereTheKernelTellsCpusApartEachHasItsOwn() {
    CpuTimes times = new CpuLedger(0).advance(cpus(2, 2), usedBy(1, 0.25, 0, 0), SECOND);
    assertThat(times.visible())
        .containsExactly(
            new CpuTimes.Cpu(new CpuTime(SECOND, 0, 0), 0),
            new CpuTimes.Cpu(new CpuTime(SECOND / 4, 0, 0), SECOND * 3 / 4));
  }

  @Test
  void whatHiddenCpusDidIsBookedWhereThereIsRoom() {
    CpuTimes times = new CpuLedger(0).advance(cpus(2, 2), usedBy(0.5, 0, 0.25, 0.25), SECOND);
    assertThat(times.total().used().sum()).isEqualTo(SECOND);
    assertThat(times.visible().get(0).used().sum()).isCloseTo(SECOND * 2 / 3, within(2L));
    assertThat(times.visible().get(1).used().sum()).isCloseTo(SECOND / 3, within(2L));
  }

  @Test
  void theVisibleCpusNeedNotBeTheFirstOfTheHost() {
    VisibleCpus second = new VisibleCpus(List.of(1, 3), 2, false);
    CpuTimes times = new CpuLedger(0).advance(second, usedBy(0, 0.5, 0, 0.75), SECOND);
    assertThat(times.visible().get(0).used().sum()).isEqualTo(SECOND / 2);
    assertThat(times.visible().get(1).used().sum()).isEqualTo(SECOND * 3 / 4);
  }

  @Test
  void cpusThatKeepTheirNumbersKeepTheirAccounts() {
    CpuLedger ledger = new CpuLedger(0);
    CpuTimes before =
        ledger.advance(new VisibleCpus(List.of(1, 3), 2, true), usedBy(0, 0.5, 0, 0.25), SECOND);
    assertThat(before.numbers()).containsExactly(1, 3);
    CpuTimes after =
        ledger.advance(
            new VisibleCpus(List.of(2, 3), 2, true), usedBy(0, 0.5, 0.5, 0.5), 2 * SECOND);
    assertThat(after.numbers()).containsExactly(2, 3);
    assertThat(after.visible().get(0).used().sum()).isEqualTo(SECOND / 2);
    assertThat(after.visible().get(1).used().sum()).isEqualTo(SECOND / 2);
    assertThat(after.visible().get(1).idle())
        .isGreaterThanOrEqualTo(before.visible().get(1).idle());
    assertThat(ledger.advance(new VisibleCpus(List.of(1), 1, true), usedBy(0, 0.5), 2 * SECOND))
        .satisfies(times -> assertThat(times.visible().get(0)).isEqualTo(before.visible().get(0)));
  }

  @Test
  void aCpuThatIsNoLongerVisibleStaysInTheTotal() {
    CpuLedger ledger = new CpuLedger(0);
    CpuTimes two = ledger.advance(cpus(2, 2), used(1), SECOND);
    CpuTimes one = ledger.advance(cpus(1, 1), used(1), SECOND);
    assertThat(one.visible()).hasSize(1);
    assertThat(one.total()).isEqualTo(two.total());
    assertThat(ledger.advance(cpus(2, 2), used(1), SECOND)).isEqualTo(two);
  }

  @Test
  void usageThatGoesBackwardsIsOfAnotherCgroup() {
    CpuLedger ledger = new CpuLedger(0);
    ledger.advance(cpus(1, 1), used(5), 10 * SECOND);
    CpuTimes times = ledger.advance(cpus(1, 1), used(1), 11 * SECOND);
    assertThat(times.total().used().sum()).isEqualTo(5 * SECOND);
    assertThat(ledger.advance(cpus(1, 1), used(1.5), 12 * SECOND).total().used().sum())
        .isEqualTo(SECOND * 11 / 2);
  }

  @Test
  void aSplitOfUserAndNiceThatWaversIsNotCountedTwice() {
    CpuLedger ledger = new CpuLedger(0);
    for (int i = 1; i <= 100; i++) {
      long nice = i * 1000L + (i % 2 == 0 ? 500 : 0);
      ledger.advance(
          cpus(1, 1),
          new CpuUsage(new CpuTime(i * 1000L + 500 - nice, nice, 0), List.of()),
          i * SECOND);
    }
    CpuTime total =
        ledger
            .advance(
                cpus(1, 1), new CpuUsage(new CpuTime(500, 100_000, 0), List.of()), 101 * SECOND)
            .total()
            .used();
    assertThat(total.sum()).isBetween(100_500L, 101_000L);
  }

  @Test
  void aClockThatStandsStillMakesNoIdleTime() {
    CpuLedger ledger = new CpuLedger(0);
    CpuTimes once = ledger.advance(cpus(2, 2), used(1), SECOND);
    assertThat(ledger.advance(cpus(2, 2), used(1), SECOND)).isEqualTo(once);
    assertThat(ledger.advance(cpus(2, 2), used(1), SECOND / 2)).isEqualTo(once);
  }

  record Step(long elapsedMillis, List<Long> usedMillis, List<Integer> visible, double share) {
    CpuUsage addTo(CpuUsage before, boolean perCpu) {
      List<Long> now = new ArrayList<>();
      CpuTime total = before.total();
      for (int i = 0; i < usedMillis.size(); i++) {
        long nanos = usedMillis.get(i) * 1_000_003;
        CpuTime more = new CpuTime(nanos / 2, nanos / 7, nanos - nanos / 2 - nanos / 7);
        now.add(nanos + (i < before.perCpuNanos().size() ? before.perCpuNanos().get(i) : 0));
        total = total.plus(more);
      }
      return new CpuUsage(total, perCpu ? now : List.of());
    }

    VisibleCpus cpus() {
      return new VisibleCpus(visible, Math.max(0.001, visible.size() * share), false);
    }
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<List<Long>> usage = Arbitraries.longs().between(0, 20_000).list().ofSize(4);
    Arbitrary<List<Integer>> visible =
        Arbitraries.integers()
            .between(0, 3)
            .set()
            .ofMinSize(1)
            .ofMaxSize(4)
            .map(set -> set.stream().sorted().toList());
    return Combinators.combine(
            Arbitraries.longs().between(0, 10_000),
            usage,
            visible,
            Arbitraries.doubles().between(0, 1))
        .as(Step::new)
        .list()
        .ofMaxSize(20);
  }

  @Property(tries = 500)
  void nothingGoesBackwardsAndNothingIsLost(
      @ForAll("steps") List<Step> steps, @ForAll boolean perCpu) {
    CpuLedger ledger = new CpuLedger(0);
    CpuUsage usage = new CpuUsage(CpuTime.ZERO, List.of());
    long now = 0;
    CpuTimes.Cpu[] last = new CpuTimes.Cpu[4];
    Arrays.fill(last, new CpuTimes.Cpu(CpuTime.ZERO, 0));
    CpuTimes.Cpu lastTotal = last[0];
    for (Step step : steps) {
      now += step.elapsedMillis() * 1_000_000;
      usage = step.addTo(usage, perCpu);
      CpuTimes times = ledger.advance(step.cpus(), usage, now);
      assertThat(times.visible()).hasSameSizeAs(step.visible());
      for (int i = 0; i < times.visible().size(); i++) {
        assertGrows(last[i], times.visible().get(i));
        last[i] = times.visible().get(i);
      }
      assertGrows(lastTotal, times.total());
      lastTotal = times.total();
      assertThat(times.total().used()).isEqualTo(usage.total());
      // The CPUs that are not visible any more keep what they had.
      assertThat(Arrays.stream(last).mapToLong(cpu -> cpu.used().sum()).sum())
          .isEqualTo(usage.total().sum());
      assertThat(Arrays.stream(last).mapToLong(CpuTimes.Cpu::idle).sum())
          .isEqualTo(times.total().idle());
    }
  }

  private static void assertGrows(CpuTimes.Cpu before, CpuTimes.Cpu after) {
    assertThat(after.used().user()).isGreaterThanOrEqualTo(before.used().user());
    assertThat(after.used().nice()).isGreaterThanOrEqualTo(before.used().nice());
    assertThat(after.used().system()).isGreaterThanOrEqualTo(before.used().system());
    assertThat(after.idle()).isGreaterThanOrEqualTo(before.idle());
  }
}
