// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadAverageTest {
  private static final Duration FREQ = Duration.ofSeconds(5);
  private static final LoadAverage FULL = new LoadAverage(List.of(2048L, 2048L, 2048L));

  /** Computed apart, with the kernel's formula and EXP_1 = 1884, EXP_5 = 2014, EXP_15 = 2037. */
  @ParameterizedTest
  @CsvSource({"1,164,34,11", "12,1299,378,132", "60,2040,1317,590", "180,2048,1975,1328"})
  void oneActiveThreadRaisesTheAveragesAsInTheKernel(
      int samples, long one, long five, long fifteen) {
    LoadAverage average = LoadAverage.ZERO;
    for (int i = 0; i < samples; i++) {
      average = average.after(1, 1, FREQ);
    }
    assertThat(average.values()).containsExactly(one, five, fifteen);
  }

  @Test
  void theFactorsAreThoseOfTheKernel() {
    // From 1.00, one sample without load leaves the factor itself.
    assertThat(FULL.after(0, 1, FREQ).values()).containsExactly(1884L, 2014L, 2037L);
  }

  @Test
  void aSteadyLoadStays() {
    assertThat(FULL.after(1, 1000, FREQ)).isEqualTo(FULL);
  }

  @Test
  void anIdleContainerComesToZero() {
    assertThat(FULL.after(0, 10_000, FREQ)).isEqualTo(LoadAverage.ZERO);
  }

  @Test
  void aLongerIntervalDecaysAsManyShorterOnes() {
    LoadAverage atOnce = FULL.after(0, 1, Duration.ofSeconds(60));
    LoadAverage stepByStep = FULL.after(0, 12, FREQ);
    for (int i = 0; i < 3; i++) {
      assertThat(atOnce.values().get(i)).isCloseTo(stepByStep.values().get(i), within(8L));
    }
  }

  @Property
  void manySamplesAtOnceAreAsManyOneByOne(
      @ForAll @IntRange(max = 64) int active,
      @ForAll @IntRange(min = 1, max = 100) int samples,
      @ForAll @IntRange(max = 64) int before) {
    LoadAverage start = new LoadAverage(List.of(before * 2048L, before * 2048L, before * 2048L));
    LoadAverage oneByOne = start;
    for (int i = 0; i < samples; i++) {
      oneByOne = oneByOne.after(active, 1, FREQ);
    }
    LoadAverage atOnce = start.after(active, samples, FREQ);
    for (int i = 0; i < 3; i++) {
      // Each step and each squaring is rounded: that makes half a percent.
      assertThat(atOnce.values().get(i))
          .isCloseTo(oneByOne.values().get(i), within(samples + 10L * Math.abs(active - before)));
      assertThat(atOnce.values().get(i)).isBetween(0L, Math.max(active, before) * 2048L + 1);
    }
  }
}
