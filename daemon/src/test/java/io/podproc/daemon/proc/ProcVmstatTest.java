// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.IoCounters;
import io.podproc.daemon.cgroup.Paging;
import io.podproc.daemon.host.Diskstats;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.host.Vmstat;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcVmstatTest {
  private static final Meminfo MEMORY =
      Meminfo.parse(
          """
          MemFree:          200000 kB
          Cached:            30000 kB
          SwapCached:            8 kB
          Dirty:                16 kB
          Writeback:             4 kB
          KernelStack:         112 kB
          AnonHugePages:      6144 kB
          Hugepagesize:       2048 kB
          """);
  private static final Diskstats DISKS =
      new Diskstats(Map.of("8:0", "sda", "253:0", "dm-0", "9:0", "md0"));

  private static String render(String host, Paging paging, int pageSize) {
    return ProcVmstat.render(Vmstat.parse(host), MEMORY, paging, DISKS, pageSize);
  }

  private static Paging events(Map<String, Long> events) {
    return new Paging(events, Map.of());
  }

  @Test
  void gaugesAreMeminfoInPages() {
    String host =
        """
        nr_free_pages 2842500
        nr_zone_write_pending 41
        nr_file_pages 344508
        nr_kernel_stack 1796
        nr_anon_transparent_hugepages 77
        """;
    assertThat(render(host, events(Map.of()), 4096))
        .isEqualTo(
            """
            nr_free_pages 50000
            nr_zone_write_pending 5
            nr_file_pages 7502
            nr_kernel_stack 112
            nr_anon_transparent_hugepages 3
            """);
    assertThat(render(host, events(Map.of()), 65536)).startsWith("nr_free_pages 3125\n");
  }

  @Test
  void eventsAreTheCgroupsAndNothingIsTheNodes() {
    assertThat(
            render(
                "numa_hit 161137643\npgfault 158941670\noom_kill 27\nnr_dirty_threshold 1203082\nnovel 9\nodd",
                events(Map.of("pgfault", 12L, "oom_kill", 1L, "anon", 4096L)),
                4096))
        .isEqualTo(
            "numa_hit 0\npgfault 12\noom_kill 1\nnr_dirty_threshold 1203082\nnovel 0\nodd 0\n");
  }

  private static IoCounters io(long read, long written) {
    return new IoCounters(1, read, 1, written, 0, 0);
  }

  @Test
  void whatWentThroughADiskIsInKilobytes() {
    Paging paging = new Paging(Map.of(), Map.of("8:0", io(4096, 8192), "7:7", io(1024, 0)));
    assertThat(render("pgpgin 1\npgpgout 2\n", paging, 4096)).isEqualTo("pgpgin 5\npgpgout 8\n");
  }

  @Test
  void whatLiesOnAnotherDiskCountsOnce() {
    Paging paging =
        new Paging(
            Map.of(), Map.of("8:0", io(8192, 1024), "253:0", io(4096, 4096), "9:0", io(0, 0)));
    assertThat(render("pgpgin 1\npgpgout 2\n", paging, 4096)).isEqualTo("pgpgin 8\npgpgout 4\n");
  }
}
