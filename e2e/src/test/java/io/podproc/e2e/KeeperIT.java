// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that loses its daemon, its keeper or both: what running containers read, and what those
 * see that start then. What ends the pod of a keeper is SIGKILL for its processes.
 */
@Tag("survival")
class KeeperIT {
  /** Of the keeper, in seconds. A daemon gives a sign of life each second. */
  private static final int PATIENCE = (int) Machine.deadline(3).toSeconds();

  /** For what should not be over. */
  private static final int LONG = (int) Machine.deadline(60).toSeconds();

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

  private KeeperProcess keeper(int patience) {
    return new KeeperProcess(run, patience);
  }

  private DaemonProcess daemon() {
    return Start.with("-Dpodproc.run-directory=" + run).at(mountPoint).launch().awaitServing();
  }

  private static Container small(DaemonProcess daemon) {
    return Container.of(daemon).memory("96M").cpus("1").start();
  }

  private WatchingReader watch(
      Container container, DaemonProcess daemon, List<String> files, String environment) {
    return WatchingReader.start(folder, container, daemon, files, environment);
  }

  private WatchingReader watch(Container container, DaemonProcess daemon, String environment) {
    return watch(container, daemon, WatchingReader.TELLING, environment);
  }

  private static void awaitKept(DaemonProcess daemon, int keepers) {
    Command.await(
        keepers + " keepers hold the connection",
        Machine.deadline(10),
        () -> daemon.get("/q/metrics").body().contains("podproc_keepers " + keepers + ".0"));
  }

  /** What pods find there that start now. */
  private void assertNodeShowsPlaceholders() {
    assertThat(Machine.read("/proc/self/mountinfo")).doesNotContain(" " + mountPoint + " ");
    assertThat(mountPoint.resolve("proc/meminfo")).isSymbolicLink();
    assertThat(mountPoint.resolve("sys/devices/system/cpu/online")).isSymbolicLink();
  }

  /**
   * One that waits for an answer when the connection ends gets an error: that is one file of a
   * reader, once; and before Linux 6.9 what the killed daemon had in hand. Where bringing back the
   * node's files takes longer than a second, as under emulation, each file may be seen dead until
   * it is through.
   */
  private static void assertSaw(
      KeeperProcess keeper, List<WatchingReader> readers, String... states) {
    // What a keeper says whose pod is gone is in the node's log, and not there.
    boolean inTime =
        keeper.output().isEmpty() || Output.number(keeper.output(), "in (\\d+) ms") < 1000;
    int inHand = Machine.hasLinux(6, 9) ? 0 : 1;
    for (WatchingReader reader : readers) {
      Map<String, List<String>> seen = reader.seen();
      assertThat(seen).hasSize(reader.files().size());
      assertThat(seen.values().stream().flatMap(List::stream).filter("dead"::equals).count())
          .as("%s", seen)
          .isLessThanOrEqualTo(inHand + (inTime ? 1 : reader.files().size()));
      assertThat(seen.values())
          .allSatisfy(all ->
              assertThat(all.stream().filter(state -> !state.equals("dead")).distinct())
                  .containsOnly(states));
    }
  }

  /** The keeper's; and a second in which it acts, besides what it takes to notice. */
  private static void assertWithinPatience(long sinceNanos) {
    assertThat(Duration.ofNanos(System.nanoTime() - sinceNanos))
        .isLessThan(Duration.ofSeconds(PATIENCE).plus(Machine.deadline(2)));
  }

  // ---- the daemon stays away ----

  @Test
  @Tag("integration")
  void a_node_whose_daemon_stays_away_shows_its_own_view_and_comes_back() {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess killed = daemon();
        Container first = small(killed);
        Container second = new Container.Builder().memory("96M").cpus("1").start();
        Container pod = new Container.Builder().memory("96M").cpus("1").hostPid().start()) {
      WatchingReader all =
          watch(
              first,
              killed,
              WatchingReader.files(killed, file -> !WatchingReader.TELLING.contains(file)),
              WatchingReader.PLAIN);
      List<WatchingReader> readers =
          List.of(
              watch(first, killed, WatchingReader.PLAIN),
              watch(second, killed, WatchingReader.DISTROLESS),
              watch(second, killed, WatchingReader.USERS),
              watch(first, killed, WatchingReader.LOCKED));
      WatchingReader.await(readers, "live");
      killed.kill();
      WatchingReader.await(readers, "host");
      assertNodeShowsPlaceholders();
      assertToldOnce(keeper, "no daemon has served in time");
      WatchingReader late = watch(pod, killed, WatchingReader.PLACEHOLDERS);
      WatchingReader.await(List.of(late), "host");
      try (DaemonProcess next = daemon()) {
        WatchingReader.await(readers, "live");
        WatchingReader.await(List.of(all, late), "live");
        assertSaw(keeper, readers, "live", "host");
        assertSaw(keeper, List.of(all), "live");
        WatchingReader.assertSaw(List.of(late), "host", "live");
        awaitKept(next, 1);
      }
    }
  }

  /** Within a second, and without a container that could not be visited. */
  private static void assertToldOnce(KeeperProcess keeper, String why) {
    Command.eventually(() ->
        assertThat(keeper.output().lines().filter(line -> line.contains(why)))
            .hasSize(1)
            .allMatch(line -> line.contains(", 0 could not be visited")));
    assertThat(Output.number(keeper.output(), "in (\\d+) ms"))
        .isLessThan((double) Machine.deadline(1).toMillis());
  }

  // ---- a daemon of another version ----

  /** One that knew fewer files laid fewer placeholders. */
  @Test
  void a_daemon_that_goes_on_with_a_mount_lays_the_placeholders_that_it_lacks() throws IOException {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess killed = daemon()) {
      awaitKept(killed, 1);
      String lacking = "proc/uptime";
      String _ =
          Command.run(
                  "unshare",
                  "--mount",
                  "bash",
                  "-ec",
                  "umount -l \"$0\" && rm \"$0/$1\"",
                  mountPoint.toString(),
                  lacking)
              .ok();
      killed.kill();
      try (DaemonProcess next = daemon()) {
        awaitKept(next, 1);
        next.kill();
        Command.await("the mount is gone", Machine.deadline(20), () -> !next.isMounted());
        assertNodeShowsPlaceholders();
        assertThat(mountPoint.resolve(lacking)).isSymbolicLink();
        assertThat(keeper.isAlive()).isTrue();
      }
    }
  }

  // ---- the keeper is lost, too ----

  @Test
  void nobody_notices_that_both_pods_are_killed_when_they_are_started_again() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess killed = daemon();
        Container container = small(killed)) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      keeper.killPod();
      killed.kill();
      try (KeeperProcess _ = keeper(LONG);
          DaemonProcess next = daemon()) {
        keeper.awaitEnd(); // another holds what it held
        awaitKept(next, 1);
        WatchingReader.assertSaw(readers, "live");
        assertThat(container.memory("MemTotal")).isEqualTo(96 << 10);
      }
    }
  }

  @Test
  void a_node_that_loses_both_pods_shows_its_own_view() {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess killed = daemon();
        Container container = small(killed);
        Container pod = new Container.Builder().memory("96M").cpus("1").hostPid().start()) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      keeper.killPod();
      killed.kill();
      long since = System.nanoTime();
      WatchingReader.await(readers, "host");
      assertWithinPatience(since);
      assertNodeShowsPlaceholders();
      WatchingReader late = watch(pod, killed, WatchingReader.PLACEHOLDERS);
      WatchingReader.await(List.of(late), "host");
      keeper.awaitEnd();
      assertSaw(keeper, readers, "live", "host");
      WatchingReader.assertSaw(List.of(late), "host");
    }
  }

  /**
   * The keeper as well, which outlives its pod: nothing of podproc is left that could do anything.
   */
  @Test
  void the_next_keeper_sees_to_what_nobody_holds() {
    try (KeeperProcess killed = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      killed.kill();
      daemon.kill();
      WatchingReader.await(readers, "dead");
      try (KeeperProcess next = keeper(LONG)) {
        WatchingReader.await(readers, "host");
        assertNodeShowsPlaceholders();
        assertToldOnce(next, "nobody holds it any more");
        try (DaemonProcess _ = daemon()) {
          WatchingReader.await(readers, "live");
        }
      }
    }
  }

  @Test
  void a_keeper_that_is_killed_is_followed_by_one_that_holds_what_it_held() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess killed = daemon();
        Container container = small(killed)) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      keeper.killKeeper();
      Command.await("another is there", Machine.deadline(10), () -> keeper.count() == 2);
      killed.kill();
      try (DaemonProcess next = daemon()) {
        awaitKept(next, 1);
        WatchingReader.assertSaw(readers, "live");
      }
    }
  }

  @Test
  void a_keeper_that_is_killed_while_no_daemon_serves_is_followed_as_well() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess killed = daemon();
        Container container = small(killed)) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(killed, 1);
      killed.kill();
      keeper.killKeeper();
      Command.await("another is there", Machine.deadline(10), () -> keeper.count() == 2);
      try (DaemonProcess next = daemon()) {
        awaitKept(next, 1);
        assertThat(container.memory("MemTotal")).isEqualTo(96 << 10);
        WatchingReader.assertSaw(readers, "live");
      }
    }
  }

  @Test
  void a_keeper_that_follows_one_that_was_killed_waits_no_longer_than_that_did() {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess killed = daemon();
        Container container = small(killed)) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(killed, 1);
      killed.kill();
      long since = System.nanoTime();
      keeper.killKeeper();
      WatchingReader.await(readers, "host");
      assertWithinPatience(since);
      assertNodeShowsPlaceholders();
    }
  }

  /** The new keeper had no time to be told what it would have held. */
  @Test
  void a_daemon_that_dies_just_after_its_keepers_leaves_nothing_dead() {
    try (KeeperProcess killed = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      freeze(daemon); // so that it shares nothing with the next
      killed.kill();
      try (KeeperProcess _ = keeper(LONG)) {
        daemon.kill();
        WatchingReader.await(readers, "host");
        assertNodeShowsPlaceholders();
      }
    }
  }

  @Test
  void a_daemon_that_dies_before_it_has_mounted_again_leaves_nothing_dead() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container evil = small(daemon);
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      freeze(daemon);
      endByForce(evil, "/proc/stat");
      Command.await("another keeper begins", Machine.deadline(10), () -> keeper.count() == 2);
      daemon.kill();
      WatchingReader.await(readers, "host");
      assertNodeShowsPlaceholders();
    }
  }

  /** It has the turn, and neither serves nor lets another do so. */
  @Test
  void a_daemon_that_is_stuck_when_the_connection_is_ended_leaves_nothing_dead() {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess daemon = daemon();
        Container evil = small(daemon);
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      freeze(daemon);
      endByForce(evil, "/proc/stat");
      WatchingReader.await(readers, "host");
      assertNodeShowsPlaceholders();
      thaw(daemon);
      WatchingReader.await(readers, "live"); // it mounts again, and repairs
      awaitKept(daemon, 1);
    }
  }

  /** The only one that could end the connection by a descriptor. */
  @Test
  void a_daemon_that_is_stuck_when_its_keepers_are_killed_keeps_nobody_waiting() {
    try (KeeperProcess killed = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      freeze(daemon);
      killed.kill();
      long since = System.nanoTime();
      try (KeeperProcess _ = keeper(PATIENCE)) {
        WatchingReader.await(readers, "host");
        assertWithinPatience(since);
        assertNodeShowsPlaceholders();
        thaw(daemon);
        WatchingReader.await(readers, "live");
        awaitKept(daemon, 1);
      }
    }
  }

  private static void thaw(DaemonProcess daemon) {
    String _ = Command.run("kill", "-CONT", Long.toString(daemon.pid())).ok();
  }

  /**
   * The connection ends also where the mount stays, as somebody has it open (fs/namespace.c:
   * do_umount): a daemon that looks through the namespace, say.
   */
  private static void endByForce(Container evil, String file) {
    assertThat(evil.run("umount -f " + file + " 2>&1").text()).matches("|.* busy\\.\n");
  }

  private static void freeze(DaemonProcess daemon) {
    String _ = Command.run("kill", "-STOP", Long.toString(daemon.pid())).ok();
  }

  // ---- told to go ----

  @Test
  @Tag("integration")
  void a_node_that_podproc_leaves_shows_its_own_view_without_an_error() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      keeper.tellToEnd(); // both are deleted at once, as where a node's label is taken away
      assertThat(daemon.stop()).isZero();
      WatchingReader.await(readers, "host");
      WatchingReader.assertSaw(readers, "live", "host");
      assertNodeShowsPlaceholders();
      keeper.awaitEnd();
    }
  }

  @Test
  void a_keeper_that_is_told_to_go_after_the_daemon_leaves_nothing_dead() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.isMounted()).isTrue();
      keeper.tellToEnd();
      WatchingReader.await(readers, "host");
      keeper.awaitEnd();
      assertSaw(keeper, readers, "live", "host");
      assertNodeShowsPlaceholders();
    }
  }

  /** Of two, the one that holds the connection is told to go while no daemon could share it. */
  @Test
  void a_keeper_that_is_replaced_while_no_daemon_serves_stays_until_one_does() {
    try (KeeperProcess old = keeper(LONG);
        DaemonProcess killed = daemon();
        Container container = small(killed)) {
      List<WatchingReader> readers = List.of(watch(container, killed, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      killed.kill();
      try (KeeperProcess _ = keeper(LONG)) {
        old.tellToEnd();
        Command.await("its pod ends", Machine.deadline(10), () -> !old.isAlive());
        assertThat(old.keeps()).isTrue();
        // One that starts meanwhile is made as soon as its files can be looked up.
        CompletableFuture<Container> late = CompletableFuture.supplyAsync(() -> small(killed));
        try (DaemonProcess next = daemon();
            Container started = late.join()) {
          old.awaitEnd();
          awaitKept(next, 1);
          WatchingReader reader = watch(started, killed, WatchingReader.PLAIN);
          WatchingReader.await(List.of(reader), "live");
          WatchingReader.assertSaw(List.of(reader), "live");
          WatchingReader.assertSaw(readers, "live");
        }
      }
    }
  }

  // ---- the connection is ended by somebody else ----

  /** A container that may unmount ends the connection of the whole node by that. */
  @Test
  void a_connection_that_is_ended_by_force_is_mended_at_once_and_again() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess daemon = daemon();
        Container evil = small(daemon);
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      for (int time = 1; time <= 3; time++) {
        int times = time;
        endByForce(evil, List.of("/proc/stat", "/proc/swaps", "/proc/uptime").get(time - 1));
        long since = System.nanoTime();
        Command.await(
            "it is told",
            Machine.deadline(10),
            () ->
                daemon.output().lines().filter(line -> line.contains("mounting again")).count()
                    >= times);
        Command.await(
            "the container's own is seen",
            Machine.deadline(10),
            () -> container.run("cat /proc/meminfo").text().contains(" 98304 kB"));
        Duration dead = Duration.ofNanos(System.nanoTime() - since);
        Command.await(
            "the evil one's files are repaired as well",
            Machine.deadline(10),
            () -> evil.run("cat /proc/stat /proc/swaps /proc/uptime >/dev/null").status() == 0);
        // Those that follow at once wait for a second, so that nobody can keep the daemon busy.
        assertThat(dead).isLessThan(Machine.deadline(times == 1 ? 1 : 2));
      }
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1); // by a keeper that began anew
      assertThat(keeper.count()).isGreaterThan(1);
      daemon.kill();
      try (DaemonProcess _ = daemon()) {
        WatchingReader.await(readers, "live");
        assertThat(container.memory("MemTotal")).isEqualTo(96 << 10);
      }
    }
  }

  // ---- what says nothing of a daemon ----

  @Test
  void a_fresh_keeper_does_not_mind_signs_of_life_that_are_old() throws IOException {
    Path serving = Files.createFile(run.resolve("serving"));
    Files.setLastModifiedTime(serving, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
    try (KeeperProcess keeper = keeper(3)) {
      Command.sleep(Machine.deadline(9)); // its patience, three times
      assertThat(keeper.isAlive()).isTrue();
      assertThat(keeper.count()).isEqualTo(1);
      assertThat(keeper.output()).isEmpty();
    }
  }

  @Test
  void a_clock_that_is_set_ends_nothing() throws IOException {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      // As signs of life would be where the node's clock is set back by hours, and forth.
      long end = System.nanoTime() + Machine.deadline(2 * PATIENCE).toNanos();
      for (int beat = 0; System.nanoTime() < end; beat++) {
        Files.setLastModifiedTime(
            run.resolve("serving"),
            FileTime.from(Instant.now().plus(Duration.ofHours(beat % 2 == 0 ? -1 : 1))));
        Command.sleep(Duration.ofMillis(100));
      }
      WatchingReader.assertSaw(readers, "live");
      assertThat(keeper.count()).isEqualTo(1);
    }
  }

  /** As by a freezer, or where the whole node is short of memory. */
  @Test
  void a_pause_of_keeper_and_daemon_together_ends_nothing() {
    try (KeeperProcess keeper = keeper(PATIENCE);
        DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
      WatchingReader.await(readers, "live");
      awaitKept(daemon, 1);
      keeper.signal("STOP");
      freeze(daemon);
      Command.sleep(Duration.ofSeconds(2L * PATIENCE));
      keeper.signal("CONT"); // and the daemon a moment later: the keeper looks first
      Command.sleep(Duration.ofMillis(500));
      thaw(daemon);
      WatchingReader.await(readers, "live");
      assertThat(keeper.count()).isEqualTo(1);
      assertThat(keeper.output()).isEmpty();
    }
  }

  /**
   * It waits for a lock that it could not get while the keeper lived: the dead is none for that.
   */
  @Test
  void a_stranger_that_locks_a_dead_keeper_s_file_keeps_nobody_from_the_node_s_view() {
    Process stranger;
    try (DaemonProcess daemon = daemon();
        Container container = small(daemon)) {
      try (KeeperProcess lost = keeper(LONG)) {
        List<WatchingReader> readers = List.of(watch(container, daemon, WatchingReader.PLAIN));
        WatchingReader.await(readers, "live");
        awaitKept(daemon, 1);
        stranger =
            Command.start(
                List.of(
                    "python3",
                    "-c",
                    "import fcntl, sys, time; f = open(sys.argv[1]); print(1, flush=True);"
                        + " fcntl.lockf(f, fcntl.LOCK_SH); print(2, flush=True); time.sleep(1000)",
                    lost.file().toString()),
                Map.of(),
                ProcessBuilder.Redirect.PIPE);
        try {
          assertThat(stranger.inputReader().readLine()).isEqualTo("1");
          daemon.kill();
          lost.kill();
          assertThat(stranger.inputReader().readLine()).isEqualTo("2");
          try (KeeperProcess next = keeper(PATIENCE)) {
            WatchingReader.await(readers, "host");
            assertToldOnce(next, "nobody holds it any more");
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } finally {
          stranger.destroyForcibly();
        }
      }
    }
  }

  /** As where the pid of a keeper that died is used again. */
  @Test
  void a_stranger_that_holds_dev_fuse_is_no_keeper() throws Exception {
    Process stranger =
        Command.start(
            List.of("bash", "-c", "exec 3<>/dev/fuse; echo; exec sleep 1000"),
            Map.of(),
            ProcessBuilder.Redirect.PIPE);
    try {
      assertThat(stranger.getInputStream().read()).isPositive();
      Path file = Files.createFile(run.resolve("keeper-" + stranger.pid()));
      try (DaemonProcess daemon = daemon()) {
        Command.eventually(() -> assertThat(daemon.output()).contains("no keeper in " + run));
        assertThat(file).doesNotExist();
        assertThat(stranger.isAlive()).isTrue();
      }
    } finally {
      boolean _ = stranger.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }

  // ---- what it costs ----

  @Test
  void at_rest_it_takes_less_than_a_mebibyte() {
    try (KeeperProcess keeper = keeper(LONG);
        DaemonProcess daemon = daemon()) {
      awaitKept(daemon, 1);
      assertThat(keeper.memory()).isBetween(1L, 1024L);
    }
  }

  @Test
  void says_what_words_it_knows() {
    for (String[] words :
        new String[][] {{}, {"dir", "2"}, {"dir", "soon"}, {"dir", "3", "4"}, {"--dir"}}) {
      Output output = program(words);
      assertThat(output.status()).isEqualTo(2);
      assertThat(output.text()).startsWith("usage: podproc-keeper DIR [PATIENCE]");
    }
    assertThat(folder.resolve("dir")).doesNotExist();
    assertThat(program("--help").ok()).contains("PATIENCE seconds (30; 3 at least)");
  }

  private static Output program(String... words) {
    return Command.run(
        Stream.concat(Stream.of(KeeperProcess.PROGRAM.toString()), Stream.of(words))
            .toArray(String[]::new));
  }
}
