// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Meminfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcMeminfoTest {
  private static final long KIB = 1024;
  private static final String HOST =
      """
      MemTotal:        8000000 kB
      MemFree:         1000000 kB
      MemAvailable:    4000000 kB
      Buffers:          200000 kB
      Cached:          2000000 kB
      SwapCached:           10 kB
      Unevictable:       30000 kB
      Mlocked:           20000 kB
      SwapTotal:       1000000 kB
      SwapFree:         400000 kB
      Mapped:           300000 kB
      NFS_Unstable:          5 kB
      CommitLimit:     5000000 kB
      VmallocTotal:   34359738367 kB
      ShmemHugePages:     4096 kB
      ShmemPmdMapped:     2048 kB
      HugePages_Total:       3
      Hugepagesize:       2048 kB
      Novelty:             123 kB
      """;

  @TempDir Path root;

  private static MemoryFacts cgroup(OptionalLong limit, long usage, Map<String, Long> meminfo) {
    return new MemoryFacts(
        limit, usage, OptionalLong.empty(), 0, 100 * KIB, 200 * KIB, 50 * KIB, lines(meminfo));
  }

  private static MemoryFacts.Lines lines(Map<String, Long> meminfo) {
    return key ->
        meminfo.containsKey(key) ? OptionalLong.of(meminfo.get(key)) : OptionalLong.empty();
  }

  private static MemoryFacts swap(OptionalLong limit, long usage) {
    return new MemoryFacts(OptionalLong.empty(), 0, limit, usage, 0, 0, 0, lines(Map.of()));
  }

  private Meminfo host(String text) throws IOException {
    Files.writeString(root.resolve("meminfo"), text);
    return new HostFacts(root, root, Duration.ZERO, () -> 0, () -> 0).meminfo();
  }

  private String render(MemoryFacts cgroup) throws IOException {
    return ProcMeminfo.render(host(HOST), cgroup, true);
  }

  private static long value(String text, String key) {
    return Long.parseLong(
        text.lines()
            .filter(line -> line.startsWith(key + ":"))
            .findFirst()
            .orElseThrow()
            .replaceAll("\\D", ""));
  }

  @Test
  void theLimitIsTheTotal() throws IOException {
    String text = render(cgroup(OptionalLong.of(1000 * KIB), 600 * KIB, Map.of()));
    assertThat(value(text, "MemTotal")).isEqualTo(1000);
    assertThat(value(text, "MemFree")).isEqualTo(400);
    assertThat(value(text, "MemAvailable")).isEqualTo(750);
  }

  @Test
  void moreUsageThanTheLimitLeavesNothingFree() throws IOException {
    String text = render(cgroup(OptionalLong.of(1000 * KIB), 1100 * KIB, Map.of()));
    assertThat(value(text, "MemFree")).isZero();
    assertThat(value(text, "MemAvailable")).isEqualTo(350);
  }

  @Test
  void moreCacheThanTheLimitIsNotMoreThanTheTotal() throws IOException {
    String text = render(cgroup(OptionalLong.of(300 * KIB), 100 * KIB, Map.of()));
    assertThat(value(text, "MemAvailable")).isEqualTo(300);
  }

  @Test
  void withoutALimitTheTotalIsTheHosts() throws IOException {
    assertThat(value(render(cgroup(OptionalLong.empty(), 0, Map.of())), "MemTotal"))
        .isEqualTo(8_000_000);
  }

  @Test
  void aLimitAboveTheHostsMemoryIsNone() throws IOException {
    assertThat(value(render(cgroup(OptionalLong.of(Long.MAX_VALUE), 0, Map.of())), "MemTotal"))
        .isEqualTo(8_000_000);
  }

  @Test
  void aLimitOfZeroIsNoTotalToDivideBy() throws IOException {
    assertThat(value(render(cgroup(OptionalLong.of(0), 0, Map.of())), "MemTotal"))
        .isEqualTo(8_000_000);
  }

  @Test
  void whatTheHostHasNoLongerIsNotAvailable() throws IOException {
    String text = render(cgroup(OptionalLong.of(7_000_000 * KIB), 0, Map.of()));
    assertThat(value(text, "MemAvailable")).isEqualTo(4_000_000);
    assertThat(value(text, "MemFree")).isEqualTo(4_000_000);
  }

  @Test
  void theKernelsLinesKeepTheirPlaceAndShape() throws IOException {
    String text = render(cgroup(OptionalLong.of(123 * KIB), 0, Map.of("Cached", 7 * KIB)));
    assertThat(text)
        .startsWith("MemTotal:            123 kB\nMemFree:             123 kB\n")
        .contains("\nCached:                7 kB\n")
        .endsWith("\n");
  }

  @Test
  void memoryInUseThatNoCgroupAccountsIsZeroAndNeverTheHosts() throws IOException {
    String text = render(cgroup(OptionalLong.empty(), 0, Map.of()));
    for (String key : new String[] {"Buffers", "SwapCached", "Mapped", "NFS_Unstable"}) {
      assertThat(value(text, key)).as(key).isZero();
    }
  }

  @Test
  void whatTellsOfTheMachineAndWhatIsUnknownPassThrough() throws IOException {
    assertThat(render(cgroup(OptionalLong.of(KIB), 0, Map.of())))
        .contains("CommitLimit:     5000000 kB\nVmallocTotal:   34359738367 kB\n")
        .contains(
            "HugePages_Total:       3\nHugepagesize:       2048 kB\nNovelty:             123 kB\n");
  }

  @Test
  void aPartIsAtMostTheContainersWhole() throws IOException {
    String text =
        render(
            cgroup(
                OptionalLong.empty(),
                0,
                Map.of("Unevictable", 100 * KIB, "ShmemHugePages", 9000 * KIB)));
    assertThat(value(text, "Mlocked")).isEqualTo(100);
    assertThat(value(text, "ShmemPmdMapped")).isEqualTo(2048);
    assertThat(value(render(cgroup(OptionalLong.empty(), 0, Map.of())), "Mlocked")).isZero();
  }

  @Test
  void swapIsTheTightestLimitAndItsOwnUse() throws IOException {
    String text = render(swap(OptionalLong.of(500_000 * KIB), 100_000 * KIB));
    assertThat(value(text, "SwapTotal")).isEqualTo(500_000);
    assertThat(value(text, "SwapFree")).isEqualTo(400_000);
  }

  @Test
  void withoutASwapLimitOnlyItsOwnUseIsUsed() throws IOException {
    String text = render(swap(OptionalLong.empty(), 100_000 * KIB));
    assertThat(value(text, "SwapTotal")).isEqualTo(1_000_000);
    // The host has 400,000 kB left, as others use 500,000 kB.
    assertThat(value(text, "SwapFree")).isEqualTo(900_000);
  }

  @Test
  void moreSwapInUseThanTheLimitIsAllOfIt() throws IOException {
    assertThat(value(render(swap(OptionalLong.of(10 * KIB), 20 * KIB)), "SwapFree")).isZero();
  }

  @Test
  void swapThatIsOffIsNone() throws IOException {
    String off = ProcMeminfo.render(host(HOST), swap(OptionalLong.empty(), 1), false);
    assertThat(value(off, "SwapTotal")).isZero();
    assertThat(value(off, "SwapFree")).isZero();
    assertThat(value(render(swap(OptionalLong.of(0), 0)), "SwapTotal")).isZero();
  }

  @Test
  void meminfoAndSwapsTellTheSame() throws IOException {
    MemoryFacts cgroup = swap(OptionalLong.empty(), 100_000 * KIB);
    assertThat(ProcSwaps.render(host(HOST), cgroup, true))
        .isEqualTo(
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\nnone"
                + " ".repeat(36)
                + "virtual\t\t1000000\t100000\t0\n");
    String text = render(cgroup);
    assertThat(value(text, "SwapTotal") - value(text, "SwapFree")).isEqualTo(100_000);
  }

  @Test
  void withoutSwapTheListIsEmptyButForItsHead() throws IOException {
    for (String swaps :
        new String[] {
          ProcSwaps.render(host(HOST), swap(OptionalLong.empty(), 0), false),
          ProcSwaps.render(host(HOST), swap(OptionalLong.of(0), 0), true),
          ProcSwaps.render(host("MemTotal: 1 kB\n"), swap(OptionalLong.empty(), 0), true)
        }) {
      assertThat(swaps).startsWith("Filename\t").hasLineCount(1).endsWith("\n");
    }
  }

  @Test
  void aHostThatTellsNothingStillHasText() throws IOException {
    assertThat(ProcMeminfo.render(host(""), swap(OptionalLong.empty(), 0), true)).isEmpty();
    assertThat(ProcMeminfo.render(host("MemT"), swap(OptionalLong.empty(), 0), true))
        .isEqualTo("MemT\n");
  }
}
