// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a keeper brings back the node's own files: whose it exchanges and whose it leaves alone, in
 * all namespaces that there are, whatever those do.
 */
@Tag("survival")
class NodeViewIT {
  private static final int PATIENCE = (int) Machine.deadline(3).toSeconds();

  /** For what should not be over. */
  private static final int LONG = (int) Machine.deadline(60).toSeconds();

  /** No process has it: pid_max is 4194304 at most. */
  private static final String NOBODY = "4194305";

  /** Namespaces whose mounts lie on a file system that does not answer. */
  private static final int STUCK = 300;

  @TempDir Path folder;
  private Path run;
  private final Path mountPoint = DaemonProcess.newMountPoint();

  @BeforeEach
  void prepare() throws IOException {
    Requirements.mount();
    run = Files.createDirectory(folder.resolve("run"));
  }

  @AfterEach
  void cleanUp() throws IOException {
    DaemonProcess.removeTree(mountPoint);
  }

  private DaemonProcess daemon() {
    DaemonProcess daemon =
        Start.with("-Dpodproc.run-directory=" + run).at(mountPoint).launch().awaitServing();
    Command.await(
        "the keeper holds the connection",
        Machine.deadline(10),
        () -> daemon.get("/q/metrics").body().contains("podproc_keepers 1.0"));
    return daemon;
  }

  /** Of a file system, as in mountinfo. */
  private static String number(Path mountPoint) {
    return Machine.read("/proc/self/mountinfo")
        .lines()
        .map(line -> line.split(" ", -1))
        .filter(words -> words[4].equals(mountPoint.toString()))
        .map(words -> words[2])
        .findFirst()
        .orElseThrow();
  }

  /** As Command's, but looks at once: what is waited for is soon over. */
  private static void awaitAtOnce(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + Machine.deadline(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      Command.sleep(Duration.ofMillis(1));
    }
  }

  private static String mounts(long pid) {
    return Machine.read("/proc/" + pid + "/mountinfo");
  }

  /** Whether there are mounts of this daemon's. */
  private boolean hasFiles(long pid) {
    return mounts(pid).contains(" - fuse.podproc " + mountPoint + " ");
  }

  private void awaitUnmounted() {
    awaitAtOnce(
        "the node's mount is gone",
        () -> !Machine.read("/proc/self/mountinfo").contains(" " + mountPoint + " "));
  }

  private static String awaitTold(KeeperProcess keeper, String why) {
    Command.await("the keeper says why", Machine.deadline(20), () -> tells(keeper, why));
    return keeper.output();
  }

  private static boolean tells(KeeperProcess keeper, String why) {
    return keeper.output().lines().anyMatch(line -> line.contains(why));
  }

  // ---- whose mounts they are ----

  /** The number of a device is another's once nothing of the first is mounted. */
  @Test
  void what_another_podproc_serves_is_left_alone() throws IOException {
    try (DaemonProcess other = DaemonProcess.serving();
        Container container = Container.of(other).memory("96M").start();
        KeeperProcess keeper = new KeeperProcess(run, LONG)) {
      String number = number(other.mountPoint());
      int told = 0;
      for (String source : List.of("", " /var/lib/lost", " " + other.mountPoint())) {
        Path lost = lose(number + source);
        Command.await("it is seen to", Machine.deadline(10), () -> !Files.exists(lost));
        told++;
        assertThat(
                awaitTold(keeper, "nobody holds it any more (connection " + number + ")").lines())
            .hasSize(told)
            .allMatch(line -> line.contains(": 0 in 0 mount namespaces"));
        assertThat(other.isMounted()).as(source).isTrue();
        assertThat(container.memory("MemTotal")).as(source).isEqualTo(96 << 10);
      }
    }
  }

  /** What a keeper leaves that is killed. */
  private Path lose(String told) throws IOException {
    Path draft = Files.writeString(run.resolve("draft"), told + "\n");
    return Files.move(draft, run.resolve("keeper-" + NOBODY));
  }

  @Test
  void a_keeper_that_was_told_a_wrong_number_ends_what_it_holds() throws IOException {
    Requirements.need(Machine.hasLinux(6, 16), "Linux 6.16, which tells whose a descriptor is");
    try (DaemonProcess other = DaemonProcess.serving();
        Container others = Container.of(other).memory("64M").start();
        KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed = daemon();
        Container container = Container.of(killed).memory("96M").start()) {
      String number = number(mountPoint);
      tell(number(other.mountPoint()) + " " + other.mountPoint());
      killed.kill();
      assertThat(awaitTold(keeper, "no daemon has served in time")).contains(number + ")");
      assertThat(killed.isMounted()).isFalse();
      assertThat(container.memory("MemTotal")).isGreaterThan(96 << 10);
      assertThat(other.isMounted()).isTrue();
      assertThat(others.memory("MemTotal")).isEqualTo(64 << 10);
    }
  }

  /** In place, as daemons do. */
  private void tell(String text) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(run, "keeper-*")) {
      for (Path file : files) {
        Path _ = Files.writeString(file, text + "\n", StandardOpenOption.WRITE);
      }
    }
  }

  @Test
  void a_mount_point_may_have_any_name() throws IOException {
    Path odd = Files.createDirectories(folder.resolve("a \\odd\t#name"));
    try (KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed =
            Start.with("-Dpodproc.run-directory=" + run).at(odd).launch().awaitServing();
        Container container = Container.of(killed).memory("96M").start()) {
      Command.await(
          "the keeper holds the connection",
          Machine.deadline(10),
          () -> killed.get("/q/metrics").body().contains("podproc_keepers 1.0"));
      killed.kill();
      assertThat(awaitTold(keeper, "no daemon has served in time"))
          .containsPattern(": [1-9]\\d* in 1 mount namespaces");
      assertThat(container.memory("MemTotal")).isGreaterThan(96 << 10);
    }
  }

  /** In a pid namespace of its own a keeper gets the pid that is wanted. */
  @Test
  void what_a_keeper_of_the_same_pid_held_is_seen_to() throws Exception {
    String words = "0:4095 /nowhere";
    Path _ = Files.writeString(run.resolve("keeper-2"), words + "\n");
    Path log = folder.resolve("log");
    Process pod =
        Command.start(
            List.of(
                "unshare",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                KeeperProcess.PROGRAM.toString(),
                run.toString(),
                Integer.toString(LONG)),
            Map.of(),
            Redirect.to(log.toFile()));
    try {
      Command.await(
          "it is seen to",
          Machine.deadline(10),
          () -> Machine.read(log).contains("nobody holds it any more (connection 0:4095)"));
      assertThat(Machine.read(run.resolve("keeper-2"))).doesNotContain("0:4095");
      assertThat(run.resolve("lost-0:4095")).doesNotExist();
    } finally {
      pod.descendants().forEach(ProcessHandle::destroyForcibly);
      boolean _ = pod.waitFor(10, TimeUnit.SECONDS);
    }
  }

  // ---- all namespaces ----

  /** Its first process sees none of the files. */
  @Test
  void a_namespace_that_was_begun_by_a_process_in_a_chroot() {
    try (KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed = daemon();
        Container container = Container.of(killed).memory("96M").cpus("1").start()) {
      List<WatchingReader> readers =
          List.of(
              WatchingReader.start(
                  folder, container, killed, WatchingReader.TELLING, WatchingReader.JAILED));
      WatchingReader.await(readers, "live");
      killed.kill();
      WatchingReader.await(readers, "host");
      assertThat(awaitTold(keeper, "no daemon has served in time"))
          .contains(" in 2 mount namespaces, 0 could not be visited");
    }
  }

  /** The kernel marks what is mounted as deleted. */
  @Test
  void a_file_whose_name_the_kernel_has_dropped() throws Exception {
    Stubborn server = new Stubborn(mountPoint, "fuse.podproc", mountPoint.toString());
    try (Container container = new Container.Builder().memory("96M").start()) {
      String number = number(mountPoint);
      Path file = mountPoint.resolve("proc/meminfo");
      String _ =
          Command.run(
                  "nsenter",
                  "--mount=/proc/" + container.pid() + "/ns/mnt",
                  "mount",
                  "--bind",
                  file.toString(),
                  "/proc/meminfo")
              .ok();
      server.tell("forget");
      assertThat(file).doesNotExist();
      server.close();
      assertThat(mounts(container.pid())).contains(" /proc/meminfo//deleted /proc/meminfo ");
      lose(number + " " + mountPoint);
      try (KeeperProcess keeper = new KeeperProcess(run, LONG)) {
        assertThat(awaitTold(keeper, "nobody holds it any more"))
            .contains(": 1 in 1 mount namespaces, 0 could not be visited");
        assertThat(mounts(container.pid()).lines().filter(line -> line.contains(" /proc/meminfo ")))
            .hasSize(1)
            .allMatch(line -> line.contains(" - proc "));
      }
    } finally {
      server.close();
    }
  }

  /** As a container may do that may mount. */
  @Test
  void a_file_that_was_copied_a_thousand_times() {
    try (KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed = daemon();
        Container container = Container.of(killed).memory("96M").start()) {
      String copies = folder.resolve("copies").toString();
      String _ =
          container
              .run(
                  """
                  mkdir %1$s && cd %1$s
                  for i in {1..1000}; do
                    : >$i
                    mount --bind /proc/meminfo $i
                  done\
                  """
                      .formatted(copies))
              .ok();
      killed.kill();
      assertThat(awaitTold(keeper, "no daemon has served in time"))
          .contains(" in 1 mount namespaces, 0 could not be visited");
      assertThat(hasFiles(container.pid())).isFalse();
      assertThat(container.run("cat " + copies + "/* | grep -c MemTotal").ok().strip())
          .isEqualTo("1000");
    }
  }

  /**
   * A container's file system may never answer, in as many namespaces as it likes. A second is what
   * each of those has: once in three times the victim is through before, as others use the machine.
   */
  @Test
  void namespaces_that_do_not_answer_delay_no_other() throws Exception {
    List<Duration> taken = new ArrayList<>();
    do {
      taken.add(visitedBesideStuckOnes());
      System.out.println("the victim waited " + taken.getLast() + " for " + STUCK);
    } while (taken.getLast().compareTo(Machine.deadline(1)) > 0 && taken.size() < 3);
    assertThat(taken.getLast()).as("%s", taken).isLessThan(Machine.deadline(1));
  }

  private Duration visitedBesideStuckOnes() throws Exception {
    try (KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed = daemon()) {
      for (int time = 0; time < 3; time++) {
        try (Stuck stuck = new Stuck(folder, killed, STUCK);
            Container victim = Container.of(killed).memory("96M").start()) {
          if (victim.pid() > stuck.lastPid()) { // it is visited last, unless pids began anew
            return visited(victim, killed, keeper);
          }
        }
      }
      throw new AssertionError("the victim is not visited last");
    }
  }

  private Duration visited(Container victim, DaemonProcess killed, KeeperProcess keeper) {
    killed.kill();
    awaitUnmounted();
    long begun = System.nanoTime();
    awaitAtOnce("the victim was visited", () -> !hasFiles(victim.pid()));
    Duration taken = Duration.ofNanos(System.nanoTime() - begun);
    assertThat(awaitTold(keeper, "no daemon has served in time"))
        .contains(", " + STUCK + " could not be visited");
    assertThat(victim.memory("MemTotal")).isGreaterThan(96 << 10);
    return taken;
  }

  /** By a process that was listed with its former one. */
  @Test
  void a_namespace_that_is_copied_meanwhile() throws Exception {
    Process late =
        Command.start(
            List.of(
                "bash",
                "-c",
                "read -r pid && exec nsenter --mount=/proc/$pid/ns/mnt"
                    + " unshare --mount sleep 1000"),
            Map.of(),
            Redirect.DISCARD);
    try (KeeperProcess keeper = new KeeperProcess(run, PATIENCE);
        DaemonProcess killed = daemon();
        Stuck _ = new Stuck(folder, killed, STUCK);
        Container victim = Container.of(killed).memory("96M").start()) {
      killed.kill();
      awaitUnmounted();
      awaitAtOnce("namespaces are visited", () -> keeper.visitors() > 10);
      try (var input = late.outputWriter()) {
        input.write(victim.pid() + "\n");
      }
      String _ = awaitTold(keeper, "no daemon has served in time");
      assertThat(late.isAlive()).isTrue();
      assertThat(hasFiles(late.pid())).isFalse();
    } finally {
      boolean _ = late.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }
}
