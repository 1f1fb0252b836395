// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.vfs.VirtualTree.File;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VirtualFilesTest {
  /** Bind mounts in running pods hold on to these: a line may be added, none may be changed. */
  private static final Map<String, Long> INODES =
      Map.ofEntries(
          Map.entry("/proc/cpuinfo", 10L),
          Map.entry("/proc/meminfo", 11L),
          Map.entry("/proc/stat", 12L),
          Map.entry("/proc/uptime", 13L),
          Map.entry("/proc/loadavg", 14L),
          Map.entry("/proc/swaps", 15L),
          Map.entry("/proc/diskstats", 16L),
          Map.entry("/proc/slabinfo", 17L),
          Map.entry("/proc/pressure/cpu", 18L),
          Map.entry("/proc/pressure/memory", 19L),
          Map.entry("/proc/pressure/io", 20L),
          Map.entry("/sys/devices/system/cpu/online", 21L),
          Map.entry("/sys/devices/system/cpu/present", 22L),
          Map.entry("/sys/devices/system/cpu/possible", 23L),
          Map.entry("/sys/devices/system/cpu/offline", 24L),
          Map.entry("/sys/devices/system/node/online", 25L),
          Map.entry("/sys/devices/system/node/possible", 26L),
          Map.entry("/sys/devices/system/node/has_cpu", 27L),
          Map.entry("/sys/devices/system/node/has_memory", 28L),
          Map.entry("/sys/devices/system/node/node0/cpulist", 29L),
          Map.entry("/sys/devices/system/node/node0/cpumap", 30L),
          Map.entry("/sys/devices/system/node/node0/meminfo", 31L),
          Map.entry("/sys/devices/system/node/node0/distance", 32L),
          Map.entry("/proc/vmstat", 33L));

  /** They are the node's in a container that has not asked for them, as its offline is. */
  @Test
  void presentAndPossibleAreForPodsThatNameThem() {
    assertThat(VirtualFiles.tree(true).files().stream().filter(file -> !file.isUsual()))
        .extracting(VirtualTree.File::path)
        .containsExactly("/sys/devices/system/cpu/present", "/sys/devices/system/cpu/possible");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void inodesOfFilesNeverChange(boolean swap) {
    assertThat(VirtualFiles.tree(swap).files())
        .hasSize(INODES.size())
        .allSatisfy(file -> assertThat(INODES).containsEntry(file.path(), file.inode()));
  }

  @ParameterizedTest
  @CsvSource({
    "/,1",
    "/proc,4341822469",
    "/proc/pressure,5137316111",
    "/sys,4296481854",
    "/sys/devices,7736256524",
    "/sys/devices/system,4712072594",
    "/sys/devices/system/cpu,7066504107",
    "/sys/devices/system/node,4313588831",
    "/sys/devices/system/node/node0,4636211390"
  })
  void inodesOfDirectoriesNeverChange(String path, long inode) {
    assertThat(VirtualFiles.tree(true).find(path).orElseThrow().inode()).isEqualTo(inode);
  }

  @Test
  void slabinfoAloneIsRoots() {
    VirtualTree tree = VirtualFiles.tree(true);
    assertThat(tree.files().stream().filter(file -> file.mode() != 0444).map(File::path))
        .containsExactly("/proc/slabinfo");
    assertThat(tree.files().stream().filter(file -> file.standIn().isPresent()).map(File::path))
        .containsExactly("/proc/slabinfo");
  }
}
