// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.IoCounters;
import io.podproc.daemon.host.Diskstats;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcDiskstatsTest {
  private static final IoCounters SOME = new IoCounters(1, 512, 2, 1024, 3, 1536);

  private static Diskstats host(String... devices) {
    Map<String, String> names = new LinkedHashMap<>();
    for (String device : devices) {
      names.put(device.split(" ", 2)[0], device.split(" ", 2)[1]);
    }
    return new Diskstats(names);
  }

  @Test
  void aLineHasTheKernelsTwentyFields() {
    String text = ProcDiskstats.render(host("8:0 sda"), Map.of("8:0", SOME));
    assertThat(text).isEqualTo("   8       0 sda 1 0 1 0 2 0 2 0 0 0 0 3 0 3 0 0 0\n");
    assertThat(text.trim().split("\\s+", -1)).hasSize(20);
  }

  @Test
  void numbersStandInTheKernelsColumns() {
    assertThat(
            ProcDiskstats.render(
                host("254:16 vdb", "12345:1234567 x"),
                Map.of("254:16", SOME, "12345:1234567", SOME)))
        .startsWith(" 254      16 vdb 1 ")
        .contains("\n12345 1234567 x 1 ");
  }

  @Test
  void devicesThatWereNotUsedAreLeftOutAndTheOthersKeepTheHostsOrder() {
    String text =
        ProcDiskstats.render(
            host("254:16 vdb", "8:0 sda", "7:0 loop0", "7:1 loop1"),
            Map.of(
                "8:0", SOME, "254:16", SOME, "7:0", new IoCounters(0, 0, 0, 0, 0, 0), "9:9", SOME));
    assertThat(text.lines().map(line -> line.trim().split("\\s+", -1)[2]))
        .containsExactly("vdb", "sda");
  }

  @Test
  void aContainerThatUsedNoneHasAnEmptyText() {
    assertThat(ProcDiskstats.render(host("8:0 sda"), Map.of())).isEmpty();
  }
}
