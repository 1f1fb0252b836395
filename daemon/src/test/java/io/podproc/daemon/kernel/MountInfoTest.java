// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.kernel.MountInfo.Mount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountInfoTest {
  private static MountInfo parse(String text) {
    return MountInfo.of(text.lines(), mount -> true);
  }

  private static Mount only(String line) {
    return parse(line).mounts().getFirst();
  }

  @Test
  void aMountIsAllThatItsLineSays() {
    assertThat(
            only(
                "36 35 0:98 /proc/stat /proc/stat ro,nosuid,idmapped master:1 shared:2 - fuse.podproc /var/lib/podproc ro,user_id=0"))
        .isEqualTo(
            new Mount(
                36,
                35,
                "0:98",
                "/proc/stat",
                "/proc/stat",
                "ro,nosuid,idmapped",
                true,
                "fuse.podproc",
                "/var/lib/podproc"));
    assertThat(only("36 35 98:0 / / rw - ext4 /dev/root rw").type()).isEqualTo("ext4");
  }

  @Test
  void optionsAreToldApart() {
    Mount mount = only("1 2 0:3 / /a ro,noatime - tmpfs t rw");
    assertThat(mount.has("ro")).isTrue();
    assertThat(mount.has("rw")).isFalse();
    assertThat(mount.has("atime")).isFalse();
  }

  @Test
  void blanksAndBackslashesInPathsAreWrittenAsNumbers() {
    Mount mount = only("1 2 0:3 /r\\040t /a\\040b\\011c\\134d rw - tmpfs /my\\040pods rw");
    assertThat(mount.point()).isEqualTo("/a b\tc\\d");
    assertThat(mount.root()).isEqualTo("/r t");
    assertThat(mount.source()).isEqualTo("/my pods");
  }

  /** The kernel drops names that it could not confirm, as while no daemon answers. */
  @Test
  void aRootWhoseNameWasDroppedIsKnownAllTheSame() {
    assertThat(only("1 2 0:3 /proc/stat//deleted /proc/stat ro - fuse.podproc p ro").root())
        .isEqualTo("/proc/stat");
  }

  @Test
  void aMountIsCoveredByOneThatLiesOnIt() {
    MountInfo mounts =
        parse(
            """
            1 1 0:3 / /var/lib/podproc rw - ext4 /dev/sda rw
            2 1 0:4 / /var/lib/podproc rw - fuse.podproc podproc rw
            3 2 0:5 / /var/lib/podproc/proc rw - tmpfs t rw
            """);
    assertThat(mounts.mounts().stream().map(mounts::isCovered)).containsExactly(true, false, false);
    assertThat(mounts.at("/var/lib/podproc").map(Mount::type)).contains("fuse.podproc");
    assertThat(mounts.at("/var/lib")).isEmpty();
    // The uppermost of all lies on itself.
    assertThat(parse("1 1 0:3 / / rw - rootfs rootfs rw").at("/")).isPresent();
  }

  @Test
  void aLineThatIsCutShortIsPassedOver() {
    for (String line :
        new String[] {
          "",
          "1",
          "1 2 0:3 / /a",
          "1 2 0:3 / /a rw",
          "1 2 0:3 / - tmpfs t rw",
          "- - - -",
          "x 2 0:3 / /a rw - tmpfs t rw",
          "1 y 0:3 / /a rw - tmpfs t rw"
        }) {
      assertThat(parse(line).mounts()).as(line).isEmpty();
    }
    assertThat(only("1 2 0:3 / /a rw - tmpfs").type()).isEqualTo("tmpfs");
    assertThat(only("1 2 0:3 / /a rw - tmpfs").source()).isEmpty();
  }

  @Test
  void ofVeryManyMountsOnlyThoseThatAreWantedAreKeptAndNotWithoutEnd() {
    Stream<String> lines =
        IntStream.range(0, 200_000)
            .mapToObj(i -> i + " 1 0:" + i % 2 + " / /" + "x".repeat(1000) + i + " rw - t s rw");
    assertThat(MountInfo.of(lines, mount -> mount.device().equals("0:1")).mounts())
        .hasSize(1024)
        .allMatch(mount -> mount.id() % 2 == 1);
  }

  @Test
  void whatIsNotUtf8IsReadAndAProcessThatIsGoneIsNot(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mountinfo");
    Files.write(file, "1 2 0:3 / /a\u00ff rw - tmpfs t rw\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(MountInfo.read(file, mount -> true).mounts()).hasSize(1);
    assertThatThrownBy(() -> MountInfo.read(folder.resolve("gone"), mount -> true))
        .isInstanceOf(IOException.class);
  }

  @Test
  void theMountsOfThisProcessCanBeRead() throws IOException {
    assertThat(MountInfo.ownAt(Path.of("/proc")).map(Mount::type)).contains("proc");
    assertThat(MountInfo.ownAt(Path.of("/sys/../proc/")).map(Mount::type)).contains("proc");
    assertThat(MountInfo.ownAt(Path.of("/not/there"))).isEmpty();
  }

  @Property
  void anyTextIsRead(@ForAll @CharRange(from = ' ', to = '~') String text) {
    assertThat(parse("1 2 3 4 " + text + " 6 - x").mounts()).hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void allMountsAreReadOrNone(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mountinfo");
    Files.writeString(file, "1 2 0:3 / /a rw shared:1 - tmpfs t rw\n2 3 0:4 / /b rw - proc p rw\n");
    assertThat(MountInfo.readAll(file, 2, mount -> mount.point().equals("/b")))
        .hasValueSatisfying(mounts -> assertThat(mounts.byId(2)).isPresent());
    assertThat(MountInfo.readAll(file, 1, _ -> true)).isEmpty();
    // Few, but such as no container has.
    Files.writeString(file, "1 2 0:3 / /" + "a".repeat(2000) + " rw - tmpfs t rw\n");
    assertThat(MountInfo.readAll(file, 1, _ -> true)).isEmpty();
    assertThat(MountInfo.devices(file)).containsExactly("0:3");
  }
}
