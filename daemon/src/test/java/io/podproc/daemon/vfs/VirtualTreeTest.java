// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.vfs.VirtualTree.Directory;
import io.podproc.daemon.vfs.VirtualTree.File;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualTreeTest {
  private static File file(long inode, String path) {
    return File.of(inode, NamedFile.at(path));
  }

  private static List<String> names(VirtualTree tree, String path) {
    return ((Directory) tree.find(path).orElseThrow()).names();
  }

  @Test
  void directoriesFollowFromThePaths() {
    VirtualTree tree =
        new VirtualTree(
            List.of(
                file(10, "/proc/stat"),
                file(11, "/proc/pressure/io"),
                file(12, "/proc/pressure/cpu"),
                file(13, "/sys/x")));
    assertThat(names(tree, "/")).containsExactlyInAnyOrder("proc", "sys");
    assertThat(names(tree, "/proc")).containsExactlyInAnyOrder("stat", "pressure");
    assertThat(names(tree, "/proc/pressure")).containsExactlyInAnyOrder("io", "cpu");
  }

  @Test
  void whatIsNotInTheTableIsNotThere() {
    VirtualTree tree = new VirtualTree(List.of(file(10, "/proc/stat")));
    for (String path :
        new String[] {
          "",
          "/pro",
          "/proc/",
          "/proc/stat/",
          "/proc/stat/x",
          "/proc/meminfo",
          "//proc",
          "/proc/../proc/stat"
        }) {
      assertThat(tree.find(path)).as(path).isEmpty();
    }
  }

  @Test
  void aPathOrAnInodeTwiceIsRefused() {
    assertThatThrownBy(
            () -> new VirtualTree(List.of(file(10, "/proc/stat"), file(11, "/proc/stat"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/proc/stat");
    assertThatThrownBy(
            () -> new VirtualTree(List.of(file(10, "/proc/stat"), file(10, "/proc/meminfo"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/proc/meminfo");
  }

  @Test
  void aDirectorysInodeFollowsFromItsPathAlone() {
    long small =
        new VirtualTree(List.of(file(10, "/proc/stat"))).find("/proc").orElseThrow().inode();
    long large =
        new VirtualTree(List.of(file(9, "/sys/x"), file(10, "/proc/a")))
            .find("/proc")
            .orElseThrow()
            .inode();
    assertThat(small).isEqualTo(large);
  }

  @Test
  void onlyRootMayReadWhatIsRootsAlone() {
    assertThat(file(10, "/proc/stat").mode()).isEqualTo(0444);
    assertThat(file(10, "/proc/stat").standIn()).isEmpty();
    File slabinfo = File.rootOnly(11, NamedFile.at("/proc/slabinfo"), "none\n");
    assertThat(slabinfo.mode()).isEqualTo(0400);
    assertThat(slabinfo.standIn()).contains("none\n");
  }
}
