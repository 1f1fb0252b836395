// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.host.Meminfo;
import org.junit.jupiter.api.Test;

class SysNodeMeminfoTest {
  private static final String OWN =
      """
      MemTotal:         262144 kB
      MemFree:          200000 kB
      MemAvailable:     230000 kB
      Buffers:               0 kB
      Cached:            30000 kB
      SwapCached:            8 kB
      Active(anon):       4096 kB
      HugePages_Total:      12
      """;

  private static String render(String host) {
    return SysNodeMeminfo.render(Meminfo.parse(host), Meminfo.parse(OWN));
  }

  @Test
  void theNodeHasAllThatTheContainerHas() {
    assertThat(
            render(
                """
                MemTotal:       13199564 kB
                MemFree:        11073308 kB
                MemUsed:         2126256 kB
                SwapCached:            0 kB
                Active(anon):       1716 kB
                FilePages:       1298488 kB
                HugePages_Total:     0
                """))
        .isEqualTo(
            """
            Node 0 MemTotal:         262144 kB
            Node 0 MemFree:          200000 kB
            Node 0 MemUsed:           62144 kB
            Node 0 SwapCached:            8 kB
            Node 0 Active(anon):       4096 kB
            Node 0 FilePages:         30008 kB
            Node 0 HugePages_Total:      12
            """);
  }

  @Test
  void whatTheContainersMeminfoDoesNotTellOfIsNone() {
    assertThat(render("Novelty:  77 kB\nCounted:   3\nMemTotal:"))
        .isEqualTo(
            "Node 0 Novelty:               0 kB\nNode 0 Counted:   3\nNode 0 MemTotal:         262144 kB\n");
  }
}
