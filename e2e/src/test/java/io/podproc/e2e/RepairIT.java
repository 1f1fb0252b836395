// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files in running containers whose daemon was killed, or goes for good. */
@Tag("repair")
class RepairIT {
  private static final String SLABINFO = "/proc/slabinfo";

  /** Files that tell whose view they are: a reader of nothing else misses no short gap. */
  private static final List<String> TELLING =
      List.of("/proc/meminfo", "/sys/devices/system/cpu/online");

  /**
   * Reads files for ever, in any shell. It says what it sees at each whenever that has changed:
   * live (the container's), host, or dead (an error).
   */
  private static final String READER =
      """
      while :; do
        i=0
        for file; do
          i=$((i + 1))
          if read -r line <"$file"; then
            case $file=$line in
              */meminfo=*' 98304 kB' | */online=0) now=live ;;
              */meminfo=* | */online=*) now=host ;;
              *) now=live ;;
            esac
          else
            now=dead
          fi
          eval "before=\\${before$i:-}"
          [ "$now" = "$before" ] || echo "$file $now"
          eval "before$i=$now"
        done
      done
      """;

  /** In the container itself. */
  private static final String PLAIN = "exec bash $reader $files";

  /** In a namespace of its own, where there is one program and no mount(8). */
  private static final String DISTROLESS =
      """
      exec unshare --mount --propagation private bash -ec '
        mkdir -p $folder/root
        mount -t tmpfs root $folder/root
        cd $folder/root
        mkdir proc sys old
        cp $(type -P busybox) busybox
        cp $reader reader
        mount -t proc proc proc
        mount --rbind /sys sys
        for file in $files; do mount --bind $served$file .$file; done
        pivot_root . old
        cd /
        ./busybox umount -l old
        exec ./busybox sh /reader $files'
      """;

  /** In a user namespace that made its mounts itself, as runtimes do. */
  private static final String USERS =
      """
      exec unshare --user --map-root-user --mount bash -ec '
        mount --rbind /proc /proc
        mount --rbind /sys /sys
        for file in $files; do mount --bind $served$file $file; done
        exec bash $reader $files'
      """;

  /** In a user namespace that found its mounts there: they are locked. */
  private static final String LOCKED =
      "exec unshare --user --map-root-user --mount bash $reader $files";

  /** In a user namespace to which its runtime gave the files by id-mapped mounts. */
  private static final String MAPPED =
      """
      chmod 755 $folder # for root of that namespace, who is nobody here
      exec /usr/bin/python3 -I -S $checkout/e2e/src/test/resources/idmapped.py $served $files -- \\
        bash $reader $files
      """;

  /** In a pod that found the symlinks to the host's files where the daemon's should have been. */
  private static final String SEEDS =
      """
      mkdir -p $folder/host
      exec unshare --mount --propagation private --pid --fork bash -ec '
        mount --bind /proc $folder/host
        mount -t proc proc /proc
        for file in $files; do
          case $file in
            /proc/*) mount --bind $folder/host/${file#/proc/} $file ;;
            *) mount --bind $file $file ;;
          esac
          mount -o remount,bind,ro $file
        done
        exec bash $reader $files'
      """;

  @TempDir Path folder;
  private Path loop;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("busybox");
  }

  /** Once: a shell that just begins with it would find it empty while it is written again. */
  @BeforeEach
  void write() throws IOException {
    loop = Files.writeString(folder.resolve("reader"), READER);
  }

  /** What reads files in a container, and what it has said. */
  private record Reader(Path log, List<String> files) {
    /** What it has seen at each file, in order. */
    Map<String, List<String>> seen() {
      Map<String, List<String>> seen = new LinkedHashMap<>();
      Machine.read(log)
          .lines()
          .map(line -> line.split(" ", 2))
          .filter(words -> words.length == 2)
          .forEach(
              words -> seen.computeIfAbsent(words[0], file -> new ArrayList<>()).add(words[1]));
      return seen;
    }

    boolean sees(String state) {
      Map<String, List<String>> seen = seen();
      return files.stream()
          .allMatch(file -> seen.getOrDefault(file, List.of("")).getLast().equals(state));
    }
  }

  /** Starts a reader in the background of a container. */
  private Reader read(
      Container container, DaemonProcess daemon, List<String> files, String environment) {
    try {
      Path script = Files.createTempFile(folder, "script", "");
      Path log = Files.createTempFile(folder, "log", "");
      Files.writeString(
          script,
          "export folder=%s checkout=%s served=%s reader=%s files='%s'\n%s"
              .formatted(
                  folder,
                  Machine.checkout(),
                  daemon.mountPoint(),
                  loop,
                  String.join(" ", files),
                  environment));
      String _ = container.run("bash " + script + " >" + log + " 2>/dev/null &").ok();
      return new Reader(log, files);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those whose first line can be read. */
  private static List<String> files(DaemonProcess daemon, Predicate<String> wanted) {
    return daemon.files().stream()
        .filter(file -> !file.equals("/proc/diskstats")) // empty until a disk is used
        .filter(wanted)
        .toList();
  }

  private static void await(List<Reader> readers, String state) {
    try {
      Command.await(
          "all files are " + state,
          Machine.deadline(15),
          () -> readers.stream().allMatch(reader -> reader.sees(state)));
    } catch (AssertionError e) {
      readers.forEach(reader -> System.err.println(reader.seen()));
      throw e;
    }
  }

  private static void assertSaw(List<Reader> readers, String... states) {
    for (Reader reader : readers) {
      assertThat(reader.seen()).hasSize(reader.files.size());
      assertThat(reader.seen())
          .allSatisfy((file, seen) -> assertThat(seen).containsExactly(states));
    }
  }

  private static Container.Builder small(Container.Builder container) {
    return container.memory("96M").cpus("1");
  }

  private static DaemonProcess another(DaemonProcess killed, String... options) {
    return Start.with(options).at(killed.mountPoint()).launch().awaitServing();
  }

  private static Output tool(DaemonProcess daemon, String... words) {
    return Command.run(
        Stream.concat(
                Stream.of(
                    Machine.checkout().resolve("daemon/bin/podproc-daemon").toString(),
                    "-Dpodproc.mount-point=" + daemon.mountPoint()),
                Stream.of(words))
            .toArray(String[]::new));
  }

  private static boolean canPutBeneath() {
    return Machine.hasLinux(6, 5);
  }

  private static double repaired(DaemonProcess daemon, String kind, String result) {
    return Output.number(
        daemon.get("/q/metrics").body(),
        "^podproc_repaired_mounts_total\\{kind=\"%s\",result=\"%s\"\\} ([\\d.]+)$"
            .formatted(kind, result));
  }

  // ---- repair ----

  @Test
  @Tag("integration") // on an older kernel there is another way
  void dead_files_live_again_in_every_container_and_are_never_the_hosts() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container first = small(Container.of(killed)).start();
        Container second = small(new Container.Builder()).start()) {
      List<String> all = files(killed, file -> true);
      List<String> public_ = files(killed, file -> !file.equals(SLABINFO));
      List<Reader> exchanged =
          List.of(
              read(first, killed, all, PLAIN),
              read(second, killed, all, DISTROLESS),
              read(second, killed, public_, USERS));
      List<Reader> readers =
          Stream.concat(
                  exchanged.stream(),
                  Stream.of(
                      read(first, killed, public_, LOCKED),
                      read(first, killed, TELLING, PLAIN),
                      read(first, killed, TELLING, PLAIN)))
              .toList();
      await(readers, "live");
      killed.kill();
      await(readers, "dead");
      try (DaemonProcess next = another(killed)) {
        await(readers, "live");
        Command.await(
            "it says so",
            Machine.deadline(10),
            () -> next.output().contains(" namespaces, 0 failed"));
        assertSaw(readers, "live", "dead", "live");
        int mounts = killed.files().size() * 2 + all.size() + public_.size();
        assertThat(next.output()).contains("repaired " + mounts + " mounts in 4 namespaces");
        double beneath = canPutBeneath() ? mounts - killed.files().size() : 0;
        assertThat(repaired(next, "dead", "done")).isEqualTo(beneath);
        assertThat(repaired(next, "dead", "stacked")).isEqualTo(mounts - beneath);
      }
    }
  }

  @Test
  void id_mapped_files_belong_to_the_containers_root_again() {
    Requirements.tool("python3");
    Requirements.need(Machine.hasLinux(6, 12), "Linux 6.12, whose FUSE has id-mapped mounts");
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      // With slabinfo: whoever does not own it can't read it.
      List<String> all = files(killed, file -> true);
      Reader reader = read(container, killed, all, MAPPED);
      await(List.of(reader), "live");
      killed.kill();
      await(List.of(reader), "dead");
      try (DaemonProcess _ = another(killed)) {
        await(List.of(reader), "live");
        assertSaw(List.of(reader), "live", "dead", "live");
        String within =
            "nsenter --user --mount --target $(pgrep -f '^bash .*/reader ' | head -n 1) ";
        assertThat(container.run(within + "stat -c %u:%g " + String.join(" ", all)).ok().lines())
            .hasSize(all.size())
            .containsOnly("0:0");
        assertThat(container.run(within + "cat /proc/self/mountinfo").ok().lines())
            .filteredOn(line -> line.split(" ", -1)[5].contains("idmapped"))
            .hasSize(all.size())
            .allSatisfy(line -> assertThat(line).contains(" fuse.podproc "));
      }
    }
  }

  @Test
  void repairs_as_often_as_need_be_and_leaves_nothing_beneath() {
    try (DaemonProcess first = DaemonProcess.serving();
        Container container = small(Container.of(first)).start()) {
      Requirements.need(canPutBeneath(), "Linux 6.5");
      Reader reader = read(container, first, files(first, file -> true), PLAIN);
      String mounts = "/proc/" + container.pid() + "/mountinfo";
      long before = Machine.read(mounts).lines().count();
      await(List.of(reader), "live");
      first.kill();
      await(List.of(reader), "dead");
      try (DaemonProcess second = another(first)) {
        await(List.of(reader), "live");
        second.kill();
        await(List.of(reader), "dead");
        try (DaemonProcess _ = another(first)) {
          await(List.of(reader), "live");
          assertSaw(List.of(reader), "live", "dead", "live", "dead", "live");
          Command.eventually(
              () -> assertThat(Machine.read(mounts).lines().count()).isEqualTo(before));
        }
      }
    }
  }

  @Test
  void containers_that_end_meanwhile_stop_nothing() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container ending = small(Container.of(killed)).start();
        Container container = small(Container.of(killed)).start()) {
      Reader reader = read(container, killed, files(killed, file -> true), PLAIN);
      await(List.of(reader), "live");
      killed.kill();
      // Namespaces with dead files that last for some milliseconds each.
      String _ =
          ending
              .run(
                  "for worker in {1..4}; do while :; do unshare --mount sleep 0.0$((RANDOM % 9)); done & done")
              .ok();
      try (DaemonProcess next = another(killed)) {
        await(List.of(reader), "live");
        assertSaw(List.of(reader), "live", "dead", "live");
        Command.await(
            "it is through", Machine.deadline(10), () -> next.output().contains("failed"));
        assertThat(next.output()).contains(" namespaces, 0 failed").doesNotContain("WARN");
      }
    }
  }

  @Test
  void leaves_what_somebody_laid_over_a_dead_file() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      String _ = container.run("mount --bind /etc/hostname /proc/uptime").ok();
      killed.kill();
      try (DaemonProcess next = another(killed)) {
        Command.await(
            "it is through", Machine.deadline(10), () -> next.output().contains("failed"));
        assertThat(next.output()).contains("/proc/uptime is gone: another mount is seen there");
        assertThat(container.read("/proc/uptime")).isEqualTo(Machine.read("/etc/hostname"));
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
      }
    }
  }

  @Test
  void leaves_the_files_of_another_daemon_alone() {
    try (DaemonProcess other = DaemonProcess.serving();
        Container container = small(Container.of(other)).start();
        DaemonProcess killed = DaemonProcess.serving()) {
      Reader reader = read(container, other, files(other, file -> true), PLAIN);
      await(List.of(reader), "live");
      killed.kill();
      try (DaemonProcess next = another(killed)) {
        assertThat(tool(next, "repair", "--dry-run").ok())
            .isEqualTo("would repair 0 mounts in 0 namespaces\n");
        assertThat(tool(next, "release", "--dry-run").ok())
            .doesNotContain(other.mountPoint() + " ");
        assertSaw(List.of(reader), "live");
      }
    }
  }

  @Test
  void pods_that_began_on_the_hosts_files_get_their_own() {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.repair=false");
        Container pod = small(new Container.Builder().hostPid()).start()) {
      List<Reader> reader = List.of(read(pod, daemon, TELLING, SEEDS));
      await(reader, "host");
      assertThat(tool(daemon, "-Dpodproc.repair-seeds=false", "repair").ok())
          .isEqualTo("repaired 0 mounts in 0 namespaces, 0 failed\n");
      assertThat(daemon.stop()).isZero();
      try (DaemonProcess next = another(daemon)) {
        await(reader, "live");
        assertSaw(reader, "host", "live");
        assertThat(repaired(next, "seed", canPutBeneath() ? "done" : "stacked")).isEqualTo(2);
      }
    }
  }

  // ---- by hand ----

  @Test
  void tells_what_it_would_do_and_does_it_when_told_to() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      List<Reader> reader = List.of(read(container, killed, files(killed, file -> true), PLAIN));
      await(reader, "live");
      killed.kill();
      assertThat(tool(killed, "repair").text())
          .isEqualTo("podproc: no podproc serves " + killed.mountPoint() + "\n");
      try (DaemonProcess next = another(killed, "-Dpodproc.repair=false")) {
        String mounts = Machine.read("/proc/" + container.pid() + "/mountinfo");
        Output dry = tool(next, "repair", "--dry-run");
        assertThat(dry.ok().lines())
            .filteredOn(line -> line.matches("mnt:\\[\\d+\\] pid \\d+ in \\S+: /\\S+ dead"))
            .hasSameSizeAs(next.files());
        assertThat(dry.text()).contains("would repair 14 mounts in 1 namespaces");
        assertThat(Machine.read("/proc/" + container.pid() + "/mountinfo")).isEqualTo(mounts);
        assertSaw(reader, "live", "dead");
        assertThat(tool(next, "repair").ok())
            .contains("repaired 14 mounts in 1 namespaces, 0 failed");
        await(reader, "live");
        assertSaw(reader, "live", "dead", "live");
        assertThat(next.output().lines()).hasSize(1);
      }
    }
  }

  @Test
  void releases_running_containers_to_the_hosts_files_without_an_error() {
    try (DaemonProcess daemon = DaemonProcess.serving();
        Container container = small(Container.of(daemon)).start();
        Container other = small(new Container.Builder()).start()) {
      List<Reader> readers =
          List.of(
              read(container, daemon, TELLING, PLAIN), read(other, daemon, TELLING, DISTROLESS));
      await(readers, "live");
      assertThat(tool(daemon, "release", "--dry-run").ok()).contains("would release ");
      assertThat(tool(daemon, "release").ok()).contains("released ", " namespaces, 0 failed");
      await(readers, "host");
      assertSaw(readers, "live", "host");
      assertThat(daemon.isMounted()).isFalse();
      assertThat(daemon.stop()).isZero();
    }
  }

  @Test
  void releases_what_a_killed_daemon_left_behind() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      killed.kill();
      assertThat(tool(killed, "release").ok()).contains(" namespaces, 0 failed");
      assertThat(killed.isMounted()).isFalse();
      assertThat(container.memory("MemTotal"))
          .isEqualTo(Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal"));
    }
  }

  @Test
  void says_what_words_it_knows() {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      for (String[] words :
          new String[][] {{"repiar"}, {"repair", "--dryrun"}, {"release", "--dry-run", "now"}}) {
        assertThat(tool(daemon, words).status()).isEqualTo(2);
        assertThat(tool(daemon, words).text()).startsWith("usage: podproc-daemon");
      }
      assertThat(
              Command.run(
                      "setpriv",
                      "--bounding-set",
                      "-sys_admin",
                      "--inh-caps",
                      "-sys_admin",
                      Machine.checkout().resolve("daemon/bin/podproc-daemon").toString(),
                      "-Dpodproc.mount-point=" + daemon.mountPoint(),
                      "release")
                  .text())
          .startsWith("podproc: ")
          .contains("CAP_SYS_ADMIN");
      assertThat(daemon.isMounted()).isTrue();
    }
  }
}
