// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;

class MountInfoTest {
  private static final Path POINT = Path.of("/var/lib/podproc");

  private static MountInfo.Mount only(String line) {
    return MountInfo.parse(line).mounts().getFirst();
  }

  @Test
  void aMountHasAPointAndAType() {
    assertThat(
            only(
                "36 35 98:0 /mnt1 /var/lib/podproc rw,noatime master:1 shared:2 - fuse.podproc podproc rw"))
        .isEqualTo(new MountInfo.Mount(POINT, "fuse.podproc"));
    assertThat(only("36 35 98:0 / / rw - ext4 /dev/root rw"))
        .isEqualTo(new MountInfo.Mount(Path.of("/"), "ext4"));
  }

  @Test
  void blanksAndBackslashesInPathsAreWrittenAsNumbers() {
    assertThat(only("1 2 0:3 / /a\\040b\\011c\\134d rw - tmpfs t rw").point())
        .isEqualTo(Path.of("/a b\tc\\d"));
  }

  @Test
  void theTopmostMountCounts() {
    MountInfo mounts =
        MountInfo.parse(
            """
            1 2 0:3 / /var/lib/podproc rw - ext4 /dev/sda rw
            2 1 0:4 / /var/lib/podproc rw - fuse.podproc podproc rw
            3 1 0:5 / /var/lib/podproc/proc rw - tmpfs t rw
            """);
    assertThat(mounts.typeAt(POINT)).contains("fuse.podproc");
    assertThat(mounts.typeAt(Path.of("/var/lib/./x/../podproc/"))).contains("fuse.podproc");
    assertThat(mounts.typeAt(Path.of("/var/lib"))).isEmpty();
  }

  @Test
  void aLineThatIsCutShortIsPassedOver() {
    for (String line :
        new String[] {
          "", "1", "1 2 0:3 / /a", "1 2 0:3 / /a rw", "1 2 0:3 / - tmpfs t rw", "- - - -"
        }) {
      assertThat(MountInfo.parse(line).mounts()).as(line).isEmpty();
    }
    assertThat(only("1 2 0:3 / /a rw - tmpfs").type()).isEqualTo("tmpfs");
  }

  @Test
  void theMountsOfThisProcessCanBeRead() throws IOException {
    assertThat(MountInfo.own().typeAt(Path.of("/proc"))).contains("proc");
  }

  @Property
  void anyTextIsRead(@ForAll @CharRange(from = ' ', to = '~') String text) {
    assertThat(MountInfo.parse("1 2 3 4 " + text + " 6 - x").mounts()).hasSizeLessThanOrEqualTo(1);
    assertThat(Capabilities.parse("CapEff:" + text)).isNotNull();
  }
}
