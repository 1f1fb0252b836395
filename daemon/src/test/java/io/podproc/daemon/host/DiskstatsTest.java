// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class DiskstatsTest {
  @Test
  void devicesKeepTheirOrder() {
    assertThat(
            Diskstats.parse(
                    " 254       0 vda 1 2 3\n 254      16 vdb 1 2 3\n   8       0 sda 1 2\n")
                .names())
        .containsExactly(
            Map.entry("254:0", "vda"), Map.entry("254:16", "vdb"), Map.entry("8:0", "sda"));
  }

  @Test
  void aLineThatIsCutShortIsPassedOver() {
    assertThat(Diskstats.parse("\n 254\n 254 0\n 254 0 vda").names())
        .containsExactly(Map.entry("254:0", "vda"));
    assertThat(Diskstats.parse("").names()).isEmpty();
  }
}
