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
  private static final List<Long> FULL = List.of(2048L, 2048L, 2048L);

  private static List<Long> after(List<Long> values, int active, int samples, Duration interval) {
    LoadAverage average = new LoadAverage(values);
    average.advance(active, samples, interval);
    return average.values();
  }

  /** Computed apart, with the kernel's formula and EXP_1 = 1884, EXP_5 = 2014, EXP_15 = 2037. */
  @ParameterizedTest
  @CsvSource({"1,164,34,11", "12,1299,378,132", "60,2040,1317,590", "180,2048,1975,1328"})
  void oneActiveThreadRaisesTheAveragesAsInTheKernel(
      int samples, long one, long five, long fifteen) {
    LoadAverage average = new LoadAverage();
    for (int i = 0; i < samples; i++) {
      average.advance(1, 1, FREQ);
    }
    assertThat(average.values()).containsExactly(one, five, fifteen);
  }

  @Test
  void theFactorsAreThoseOfTheKernel() {
    // From 1.00, one sample without load leaves the factor itself.
    assertThat(after(FULL, 0, 1, FREQ)).containsExactly(1884L, 2014L, 2037L);
  }

  @Test
  void aSteadyLoadStays() {
    assertThat(after(FULL, 1, 1000, FREQ)).isEqualTo(FULL);
  }

  @Test
  void anIdleContainerComesToZero() {
    assertThat(after(FULL, 0, 10_000, FREQ)).containsExactly(0L, 0L, 0L);
    assertThat(new LoadAverage().values()).containsExactly(0L, 0L, 0L);
  }

  @Test
  void aLongerIntervalDecaysAsManyShorterOnes() {
    List<Long> atOnce = after(FULL, 0, 1, Duration.ofSeconds(60));
    List<Long> stepByStep = after(FULL, 0, 12, FREQ);
    for (int i = 0; i < 3; i++) {
      assertThat(atOnce.get(i)).isCloseTo(stepByStep.get(i), within(8L));
    }
  }

  @Property
  void manySamplesAtOnceAreAsManyOneByOne(
      @ForAll @IntRange(max = 64) int active,
      @ForAll @IntRange(min = 1, max = 100) int samples,
      @ForAll @IntRange(max = 64) int before) {
    List<Long> start = List.of(before * 2048L, before * 2048L, before * 2048L);
    List<Long> oneByOne = start;
    for (int i = 0; i < samples; i++) {
      oneByOne = after(oneByOne, active, 1, FREQ);
    }
    List<Long> atOnce = after(start, active, samples, FREQ);
    for (int i = 0; i < 3; i++) {
      // Each step and each squaring is rounded: that makes half a percent.
      assertThat(atOnce.get(i))
          .isCloseTo(oneByOne.get(i), within(samples + 10L * Math.abs(active - before)));
      assertThat(atOnce.get(i)).isBetween(0L, Math.max(active, before) * 2048L + 1);
    }
  }
}
