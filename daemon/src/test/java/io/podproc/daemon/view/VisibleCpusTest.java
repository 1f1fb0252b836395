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
    assertThat(of(4, "2,5", CpuPolicy.QUOTA)).isEqualTo(new VisibleCpus(List.of(2, 5), 2));
    assertThat(of(1.5, "2,5,7", CpuPolicy.QUOTA)).isEqualTo(new VisibleCpus(List.of(2, 5), 1.5));
  }

  @Test
  void byCpusetTheQuotaDoesNotCount() {
    assertThat(of(0.5, "2,5", CpuPolicy.CPUSET)).isEqualTo(new VisibleCpus(List.of(2, 5), 2));
  }

  @Test
  void withoutAnyLimitTheCpusAreTheHosts() {
    CpuLimits none = new CpuLimits(OptionalDouble.empty(), CpuList.parse(""));
    assertThat(VisibleCpus.of(none, CpuPolicy.QUOTA, ONLINE).count()).isEqualTo(8);
    assertThat(VisibleCpus.of(none, CpuPolicy.QUOTA, CpuList.parse("")).hostNumbers())
        .containsExactly(0);
  }
}
