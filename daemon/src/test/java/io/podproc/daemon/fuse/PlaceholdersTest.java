// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlaceholdersTest {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Path LIMITS = Path.of("/proc/self/limits");

  @TempDir Path mountPoint;

  private record Named(String path) implements VirtualFile {
    @Override
    public String read(View view) {
      return "";
    }
  }

  private static final VirtualTree TREE =
      new VirtualTree(
          List.of(
              VirtualTree.File.of(10, new Named(MEMINFO.toString())),
              VirtualTree.File.of(11, new Named("/proc/no/such/file")),
              VirtualTree.File.of(12, new Named(LIMITS.toString()))));

  private Path placeholder(Path host) {
    return mountPoint.resolve("./" + host).normalize();
  }

  private void assertLaid(Path host) throws IOException {
    assertThat(Files.readSymbolicLink(placeholder(host))).isEqualTo(host);
  }

  /** A link that was made anew has another time, if not another inode. */
  private List<String> everything() throws IOException {
    List<String> everything = new ArrayList<>();
    try (Stream<Path> found = Files.walk(mountPoint)) {
      for (Path path : found.toList()) {
        everything.add(
            path + " " + Files.readAttributes(path, "unix:ino,ctime", LinkOption.NOFOLLOW_LINKS));
      }
    }
    return everything;
  }

  @Test
  void eachFileOfThisKernelIsLinkedToTheHosts() throws IOException {
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertLaid(MEMINFO);
    assertLaid(LIMITS);
    assertThat(Files.readString(placeholder(MEMINFO))).startsWith("MemTotal:");
    assertThat(mountPoint.resolve("proc/no")).doesNotExist();
    assertThat(Files.getPosixFilePermissions(mountPoint.resolve("proc/self")))
        .isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void whatIsLaidStaysAsItIs() throws IOException {
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    List<String> before = everything();
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertThat(everything()).isEqualTo(before);
  }

  @Test
  void whatIsEmptyOrAnotherLinkGivesWay() throws IOException {
    // A directory is what a runtime makes of a missing source, an empty file what a kubelet makes.
    Files.createDirectories(placeholder(MEMINFO));
    Files.createFile(mountPoint.resolve("proc/self"));
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertLaid(MEMINFO);
    assertLaid(LIMITS);

    Files.delete(placeholder(MEMINFO));
    Files.createSymbolicLink(placeholder(MEMINFO), Path.of("/etc/passwd"));
    Files.delete(placeholder(LIMITS));
    Files.createSymbolicLink(placeholder(LIMITS), Path.of("nowhere"));
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertLaid(MEMINFO);
    assertLaid(LIMITS);
  }

  @Test
  void noPlaceholderIsLaidThroughALinkThatLeadsElsewhere(@TempDir Path elsewhere)
      throws IOException {
    Files.createSymbolicLink(mountPoint.resolve("proc"), elsewhere);
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertLaid(MEMINFO);
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void whatHoldsSomethingStaysAndIsTold() throws IOException {
    Files.createDirectories(placeholder(MEMINFO));
    Path theirs = Files.writeString(placeholder(MEMINFO).resolve("theirs"), "kept");
    Path file = Files.writeString(mountPoint.resolve("proc/self"), "kept, too");
    assertThat(Placeholders.lay(mountPoint, TREE))
        .satisfiesExactly(
            failure -> assertThat(failure).contains(placeholder(MEMINFO).toString()),
            failure -> assertThat(failure).contains(file.toString()))
        .noneMatch(failure -> failure.contains("\n"));
    assertThat(theirs).hasContent("kept");
    assertThat(file).hasContent("kept, too");
  }

  @Test
  void whatElseLiesThereIsLeftAlone() throws IOException {
    Path theirs = Files.writeString(mountPoint.resolve("theirs"), "kept");
    assertThat(Placeholders.lay(mountPoint, TREE)).isEmpty();
    assertThat(theirs).hasContent("kept");
  }

  @Test
  void aDiskThatTakesNothingIsTold() {
    // Nobody, not even root, makes anything in there.
    assertThat(Placeholders.lay(Path.of("/proc/sys"), TREE)).hasSize(2);
  }
}
