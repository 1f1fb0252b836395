// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.view.Load;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcLoadavgTest {
  private static String render(long one, long five, long fifteen, int running, int total) {
    return ProcLoadavg.render(new Load(List.of(one, five, fifteen), running, 0, total, 40, 42));
  }

  @Test
  void averagesAreRoundedAsInTheKernel() {
    // FIXED_1/200 is added and the rest cut off: 2048 is 1.00, 2037 is 0.99.
    assertThat(render(2048, 2037, 164, 1, 5)).isEqualTo("1.00 0.99 0.08 1/5 42\n");
    assertThat(render(0, 11, 2038, 1, 5)).isEqualTo("0.00 0.01 1.00 1/5 42\n");
    assertThat(render(10, 2048 * 130 + 1024, 2048 * 12, 1, 5))
        .isEqualTo("0.00 130.50 12.00 1/5 42\n");
  }

  @Test
  void whoeverReadsRunsAndIsOneOfAll() {
    assertThat(render(0, 0, 0, 0, 0)).isEqualTo("0.00 0.00 0.00 1/1 42\n");
    assertThat(render(0, 0, 0, 3, 2)).isEqualTo("0.00 0.00 0.00 3/3 42\n");
  }
}
