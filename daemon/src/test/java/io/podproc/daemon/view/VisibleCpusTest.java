// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.CpuLimits;
import io.podproc.daemon.kernel.CpuList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VisibleCpusTest {
  private static final CpuList ONLINE = CpuList.parse("0-7");

  private static VisibleCpus of(double quota, String cpuset, CpuPolicy policy) {
    return VisibleCpus.of(
        new CpuLimits(OptionalDouble.of(quota), CpuList.parse(cpuset)), policy, ONLINE);
  }

  @ParameterizedTest
  @CsvSource({
    "0.5,1,0.5",
    "1,1,1",
    "1.01,2,1.01",
    "1.5,2,1.5",
    "4,4,4",
    "8,8,8",
    "100,8,8",
    "0,1,0.001"
  })
  void aQuotaIsRoundedUpToWholeCpus(double quota, int count, double capacity) {
    VisibleCpus cpus = of(quota, "", CpuPolicy.QUOTA);
    assertThat(cpus.count()).isEqualTo(count);
    assertThat(cpus.capacity()).isEqualTo(capacity);
  }

  @Test
  void theCpusetLimitsTheQuotaAndNamesTheCpus() {
    assertThat(of(4, "2,5", CpuPolicy.QUOTA)).isEqualTo(new VisibleCpus(List.of(2, 5), 2, true));
    assertThat(of(1.5, "2,5,7", CpuPolicy.QUOTA))
        .isEqualTo(new VisibleCpus(List.of(2, 5), 1.5, false));
  }

  @Test
  void byCpusetTheQuotaDoesNotCount() {
    assertThat(of(0.5, "2,5", CpuPolicy.CPUSET)).isEqualTo(new VisibleCpus(List.of(2, 5), 2, true));
  }

  @Test
  void withoutAnyLimitTheCpusAreTheHosts() {
    CpuLimits none = new CpuLimits(OptionalDouble.empty(), CpuList.parse(""));
    assertThat(VisibleCpus.of(none, CpuPolicy.QUOTA, ONLINE).count()).isEqualTo(8);
    assertThat(VisibleCpus.of(none, CpuPolicy.QUOTA, CpuList.parse("")).hostNumbers())
        .containsExactly(0);
  }

  @ParameterizedTest
  @CsvSource({"1,0,1", "2,0-1,3", "8,0-7,ff"})
  void theyAreNumberedFromZero(int quota, String list, String mask) {
    assertThat(of(quota, "", CpuPolicy.QUOTA).list()).isEqualTo(list);
    assertThat(of(quota, "", CpuPolicy.QUOTA).mask()).isEqualTo(mask);
  }

  /** Else nobody could be bound to them, and hwloc finds none at all. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"9|2,5|24", "2|2,5|24", "1.99|0-1|3", "0.5|0|1"})
  void whereTheCpusetAloneDecidesItsNumbersAreKept(double quota, String list, String mask) {
    VisibleCpus cpus = of(quota, "2,5", CpuPolicy.QUOTA);
    assertThat(cpus.list()).isEqualTo(list);
    assertThat(cpus.mask()).isEqualTo(mask);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"9|2,5", "2|2,5", "1.99|2,5", "0.5|2"})
  void allNumbersCanBeKept(double quota, String list) {
    assertThat(of(quota, "2,5", CpuPolicy.BINDABLE).list()).isEqualTo(list);
    assertThat(of(quota, "2,5", CpuPolicy.CPUSET).list()).isEqualTo("2,5");
  }

  @Test
  void withoutAQuotaTheyAreTheCpusets() {
    CpuLimits none = new CpuLimits(OptionalDouble.empty(), CpuList.parse("1,3"));
    assertThat(VisibleCpus.of(none, CpuPolicy.QUOTA, ONLINE).list()).isEqualTo("1,3");
  }
}
