// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.view.CpuTimes;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcUptimeTest {
  private static String render(long ageMillis, long idleMillis) {
    return ProcUptime.render(
        Duration.ofMillis(ageMillis),
        new CpuTimes(new CpuTimes.Cpu(CpuTime.ZERO, idleMillis * 1_000_000), List.of(), List.of()));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0,0.00 0.00",
    "50,9,0.05 0.00",
    "1000,999,1.00 0.99",
    "12345678,86400000,12345.67 86400.00"
  })
  void secondsHaveTwoDecimals(long age, long idle, String text) {
    assertThat(render(age, idle)).isEqualTo(text + "\n");
  }

  @Test
  void aLanguageWithDecimalCommasChangesNothing() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(render(1500, 2500)).isEqualTo("1.50 2.50\n");
    } finally {
      Locale.setDefault(before);
    }
  }
}
