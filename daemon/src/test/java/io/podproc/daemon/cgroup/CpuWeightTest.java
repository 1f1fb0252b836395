// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuWeightTest {
  /** As the kubelet asks for a request of so many thousandths of a CPU. */
  private static long shares(long milliCpus) {
    return Math.clamp(milliCpus * 1024 / 1000, 2, 262144);
  }

  private static long weight(CpuWeight formula, long shares) {
    if (formula == CpuWeight.LINEAR) {
      return 1 + (shares - 2) * 9999 / 262142;
    }
    double l = Math.log((double) shares) / Math.log(2);
    return shares <= 2
        ? 1
        : shares >= 262144
            ? 10000
            : (long) Math.ceil(Math.pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
  }

  /** What is published of both: 1 CPU was 39 and is 100. */
  @ParameterizedTest
  @CsvSource({"2, 1, 1", "102, 4, 17", "1024, 39, 100", "262144, 10000, 10000"})
  void bothAreWhatRuntimesHave(long shares, long linear, long quadratic) {
    assertThat(weight(CpuWeight.LINEAR, shares)).isEqualTo(linear);
    assertThat(weight(CpuWeight.QUADRATIC, shares)).isBetween(quadratic, quadratic + 1);
  }

  @Test
  void theSharesOfAWeightAreThoseThatHaveIt() {
    for (CpuWeight formula : CpuWeight.values()) {
      for (long shares = 2; shares <= 262144; shares += 1 + shares / 500) {
        long weight = weight(formula, shares);
        assertThat((double) shares)
            .as("%s of %d", formula, shares)
            .isBetween(formula.least(weight), formula.most(weight) + (weight == 10000 ? 1 : 0));
      }
    }
  }

  @Test
  void wholeCpusComeBackAsTheyWere() {
    for (CpuWeight formula : CpuWeight.values()) {
      for (int cpus = 1; cpus <= 255; cpus++) {
        assertThat(formula.cpus(weight(formula, shares(cpus * 1000L))))
            .as("%s", formula)
            .isEqualTo(cpus);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {10, 50, 100, 250, 500, 750, 1500, 2500, 3250})
  void partsOfACpuComeBackNearly(long milliCpus) {
    for (CpuWeight formula : CpuWeight.values()) {
      assertThat(formula.cpus(weight(formula, shares(milliCpus))))
          .as("%s", formula)
          .isCloseTo(milliCpus / 1000.0, within(0.02));
    }
  }

  @Test
  void noWeightIsNothing() {
    for (CpuWeight formula : CpuWeight.values()) {
      for (long weight = 1; weight <= 10000; weight++) {
        assertThat(formula.cpus(weight)).isGreaterThan(0).isLessThan(260);
      }
    }
  }

  private static CpuWeight told(CpuWeight runtime, int... milliCpus) {
    long pod = weight(CpuWeight.LINEAR, shares(IntStream.of(milliCpus).sum()));
    List<Long> containers =
        IntStream.concat(IntStream.of(0), IntStream.of(milliCpus)) // 0: that of the namespaces
            .mapToObj(each -> weight(runtime, shares(each)))
            .toList();
    return CpuWeight.ofPod(pod, containers);
  }

  @Test
  void aPodTellsWhichOneItsRuntimeHas() {
    for (CpuWeight runtime : CpuWeight.values()) {
      for (int milliCpus : new int[] {10, 100, 250, 500, 1000, 2000, 4000, 64_000, 120_000}) {
        assertThat(told(runtime, milliCpus)).as("%d", milliCpus).isEqualTo(runtime);
        assertThat(told(runtime, milliCpus, 100, 10)).as("%d", milliCpus).isEqualTo(runtime);
        assertThat(told(runtime, 500, milliCpus, milliCpus, 500)).isEqualTo(runtime);
      }
      assertThat(told(runtime, 1000, 0, 0)).isEqualTo(runtime);
      assertThat(told(runtime, 1000, 1000, 1000, 1000, 1000, 1000, 1000)).isEqualTo(runtime);
    }
  }

  @Test
  void ofWhatRequestsNothingBothSayTheSame() {
    assertThat(CpuWeight.LINEAR.cpus(1)).isLessThan(0.02);
    assertThat(CpuWeight.QUADRATIC.cpus(1)).isLessThan(0.02);
  }
}
