// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.Pressure;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.proc.ProcMeminfo;
import io.podproc.daemon.proc.ProcPressure;
import io.podproc.daemon.proc.ProcStat;
import io.podproc.daemon.sys.SysCpu;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SearchTest {
  private static final String OURS =
      "ro,nosuid,nodev,noexec,relatime - fuse.podproc /pp ro,user_id=0";

  /** As runc leaves it (runc 1.1, Linux 6.1), without what is not looked at. */
  private static final String OF_CONTAINER =
      """
      655 560 0:47 / / rw,relatime - overlay overlay rw,lowerdir=/l
      656 655 0:50 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
      657 655 0:51 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
      660 655 0:45 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
      562 656 0:50 /bus /proc/bus ro,nosuid,nodev,noexec,relatime - proc proc rw
      563 656 0:51 /null /proc/kcore rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
      """;

  @TempDir Path proc;

  private Search search() {
    VirtualTree tree =
        new VirtualTree(
            List.of(
                VirtualTree.File.of(10, new ProcMeminfo(true)),
                VirtualTree.File.of(11, new ProcStat()),
                VirtualTree.File.of(12, new ProcPressure(Pressure.CPU)),
                VirtualTree.File.of(13, new SysCpu("online"))));
    return new Search(new Processes(proc), tree, Path.of("/pp"));
  }

  /** A daemon that serves device 0:70, in the namespace of the first process. */
  @BeforeEach
  void serve() throws IOException {
    String host =
        """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
        23 22 0:21 / /proc rw,relatime shared:12 - proc proc rw
        24 22 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
        90 22 0:70 / /pp ro,nosuid,nodev,noexec,relatime shared:9 - fuse.podproc /pp ro,user_id=0
        """;
    process("1", "mnt:[1]", host);
    process("self", "mnt:[1]", host);
  }

  private void process(String pid, String namespace, String mounts) throws IOException {
    Path folder = proc.resolve(pid);
    Files.createSymbolicLink(
        Files.createDirectories(folder.resolve("ns")).resolve("mnt"), Path.of(namespace));
    Files.writeString(folder.resolve("mountinfo"), mounts);
    Files.writeString(folder.resolve("cgroup"), "0::/kubepods/pod1/c" + pid + "\n");
  }

  private void container(String... mounts) throws IOException {
    process("42", "mnt:[42]", OF_CONTAINER + String.join("\n", mounts) + "\n");
  }

  private static List<String> told(List<MountNamespace> namespaces) {
    return namespaces.stream()
        .flatMap(namespace ->
            namespace.findings().stream()
                .map(found -> namespace.pid() + " " + found.point() + " " + found.state()))
        .toList();
  }

  @Test
  void filesOfAnotherDeviceThanTheLiveMountsAreDead() throws IOException {
    container(
        "700 656 0:60 /proc/meminfo /proc/meminfo " + OURS,
        "701 656 0:61 /proc/stat /proc/stat " + OURS,
        "702 660 0:70 /sys/devices/system/cpu/online /sys/devices/system/cpu/online " + OURS);
    assertThat(told(search().stale(true)))
        .containsExactly("42 /proc/meminfo DEAD", "42 /proc/stat DEAD");
    assertThat(search().stale(true).getFirst().toString())
        .isEqualTo("pid 42 in /kubepods/pod1/c42");
    assertThat(told(search().ours()))
        .containsExactly(
            "1 /pp LIVE",
            "42 /proc/meminfo DEAD",
            "42 /proc/stat DEAD",
            "42 /sys/devices/system/cpu/online LIVE");
  }

  @Test
  void aFileIsKnownWhereverItIsMountedAndAlsoWhenTheKernelDroppedItsName() throws IOException {
    container("700 655 0:60 /proc/meminfo//deleted /my\\040files/mem " + OURS);
    assertThat(told(search().stale(true))).containsExactly("42 /my files/mem DEAD");
    assertThat(search().stale(true).getFirst().findings().getFirst().file())
        .isEqualTo("/proc/meminfo");
  }

  @Test
  void directoriesAreFoundAndTheWholeTreeOnlyToBeReleased() throws IOException {
    container(
        "700 656 0:60 /proc/pressure /proc/pressure " + OURS, "701 655 0:60 / /host/pp " + OURS);
    assertThat(told(search().stale(true))).containsExactly("42 /proc/pressure DEAD");
    assertThat(told(search().ours())).contains("42 /host/pp DEAD");
  }

  @Test
  void otherPodprocsAndOtherFileSystemsAreLeftAlone() throws IOException {
    container(
        "700 656 0:60 /proc/meminfo /proc/meminfo ro - fuse.podproc /elsewhere ro",
        "701 656 0:61 /proc/stat /proc/stat ro - fuse.lxcfs /pp ro",
        "702 656 0:62 /not/ours /x " + OURS);
    assertThat(told(search().stale(true))).isEmpty();
  }

  @Test
  void whatIsCoveredIsNotSeenByAnybody() throws IOException {
    container(
        "700 656 0:60 /proc/meminfo /proc/meminfo " + OURS,
        "701 700 0:61 /proc/meminfo /proc/meminfo " + OURS,
        "702 656 0:60 /proc/stat /proc/stat " + OURS,
        "703 702 0:70 /proc/stat /proc/stat " + OURS);
    assertThat(search().stale(true).getFirst().findings())
        .singleElement()
        .matches(found -> found.mount().id() == 701);
    assertThat(search().ours().getLast().findings()).hasSize(4);
  }

  @Test
  void theHostsFilesOverThemselvesArePlaceholders() throws IOException {
    container(
        "700 656 0:21 /meminfo /proc/meminfo ro,relatime - proc proc rw",
        "701 660 0:22 /devices/system/cpu/online /sys/devices/system/cpu/online ro - sysfs sysfs rw");
    assertThat(told(search().stale(true)))
        .containsExactly(
            "42 /proc/meminfo PLACEHOLDER", "42 /sys/devices/system/cpu/online PLACEHOLDER");
    assertThat(search().stale(false)).isEmpty();
    assertThat(told(search().ours())).containsExactly("1 /pp LIVE");
  }

  @Test
  void whatMayHaveAnotherReasonIsNoPlaceholder() throws IOException {
    container(
        // the container's own, as a runtime makes it read-only
        "700 656 0:50 /meminfo /proc/meminfo ro - proc proc rw",
        // that can be written
        "701 656 0:21 /stat /proc/stat rw - proc proc rw",
        // another file, another place, no file of ours, all of it
        "702 656 0:21 /uptime /proc/pressure/cpu ro - proc proc rw",
        "703 655 0:21 /meminfo /host/meminfo ro - proc proc rw",
        "704 656 0:21 /version /proc/version ro - proc proc rw",
        "705 655 0:21 / /proc ro - proc proc rw",
        "706 656 8:1 /meminfo /proc/meminfo ro - ext4 /dev/root rw",
        "707 660 0:22 /devices/system/cpu /sys/devices/system/cpu ro - sysfs sysfs rw");
    assertThat(told(search().stale(true))).isEmpty();
  }

  @Test
  void ofTheHostsNamespaceNothingIsAPlaceholder() throws IOException {
    process("7", "mnt:[1]", "");
    Files.writeString(
        proc.resolve("1/mountinfo"),
        "700 23 0:99 /meminfo /proc/meminfo ro - proc proc rw\n"
            + "701 22 0:60 /proc/stat /subpaths/stat "
            + OURS
            + "\n");
    assertThat(told(search().stale(true))).containsExactly("1 /subpaths/stat DEAD");
  }

  @Test
  void aNamespaceIsSeenThroughOneProcessAndThroughTheNextWhereThatEnds() throws IOException {
    String dead = "700 656 0:60 /proc/meminfo /proc/meminfo " + OURS;
    container(dead);
    process("43", "mnt:[42]", dead);
    process("9", "mnt:[9]", dead);
    process("10", "mnt:[9]", dead);
    Files.delete(proc.resolve("9/mountinfo"));
    Files.createDirectories(proc.resolve("11")); // ended, but for its folder
    assertThat(told(search().stale(true)))
        .containsExactly("42 /proc/meminfo DEAD", "10 /proc/meminfo DEAD");
  }

  @Test
  void withoutALiveMountThereIsNothingToRepairWith() throws IOException {
    container("700 656 0:60 /proc/meminfo /proc/meminfo " + OURS);
    Files.writeString(proc.resolve("self/mountinfo"), "22 1 8:1 / / rw - ext4 /dev/root rw\n");
    assertThatThrownBy(() -> search().stale(true))
        .isInstanceOf(IOException.class)
        .hasMessage("no podproc has its files mounted at /pp");
    assertThat(told(search().ours())).contains("42 /proc/meminfo DEAD");
  }

  @Test
  void mountsThatAreCutShortMissingOrWithoutEndDoNoHarm() throws IOException {
    process("5", "mnt:[5]", "");
    process("6", "mnt:[6]", "700 656 0:60 /proc/mem");
    process("7", "mnt:[7]", "\0\0 - - \n- fuse.podproc /pp\n\n");
    process(
        "8",
        "mnt:[8]",
        IntStream.range(0, 20_000)
            .mapToObj(i -> i + " 1 0:60 /proc/stat /" + i + " " + OURS)
            .collect(Collectors.joining("\n")));
    assertThat(told(search().stale(true))).hasSize(1024).allMatch(found -> found.startsWith("8 "));
  }

  @Test
  void whoHasMountsWithoutEndIsPassedOverAndToldOf() throws IOException {
    String dead = "700 656 0:60 /proc/meminfo /proc/meminfo " + OURS + "\n";
    container(dead);
    process("43", "mnt:[43]", dead + "701 655 0:52 / /x rw - tmpfs t rw\n".repeat(65_536));
    List<String> lines = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            lines.add(line.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("podproc");
    logger.addHandler(handler);
    try {
      assertThat(told(search().stale(true))).containsExactly("42 /proc/meminfo DEAD");
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(lines)
        .containsExactly(
            "of 1 mount namespaces with more than 65536 mounts each none is repaired or released:"
                + " pid 43 in /kubepods/pod1/c43");
  }
}
