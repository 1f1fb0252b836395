// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import io.podproc.e2e.ReadingContainer.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Containers read all files in tight loops while the daemon that serves them is stopped, replaced,
 * killed and frozen. {@code e2e/chaos/run} does it more often, and prints the same table.
 */
@Tag("survival")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SurvivalIT {
  private static final int ROUNDS = Integer.getInteger("e2e.rounds", 3);

  /** Of what takes long, or is rare. */
  private static final int FEW = (ROUNDS + 3) / 4;

  /** What an operator does must hardly be noticed, in seconds. */
  private static final double HARDLY = 0.25;

  /**
   * A restart is to be hardly noticed as well: 0.25 s. It takes 0.16 to 0.23 s on two cores that
   * nobody else uses, and half as long again where somebody does, as may be where this runs.
   */
  private static final double RESTART = 0.4;

  /** Until those who waited are through, in seconds. */
  private static final double MARGIN = 0.5;

  private static final String UNDISTURBED = "undisturbed";
  private static final String RESTARTED = "restarted";
  private static final String REPLACED = "replaced by one beside it";
  private static final String KILLED = "killed (-9)";
  private static final String KILLED_BESIDE = "killed (-9), one beside it";
  private static final String KEEPER_REPLACED = "killed (-9), after its keeper was replaced";
  private static final String OUT_OF_MEMORY = "killed for lack of memory";
  private static final String FROZEN = "frozen, then killed";
  private static final String BOTH_KILLED = "killed (-9) with its keeper's pod";

  /** After each of these the kernel asks the next daemon for what the last one had in hand. */
  private static final String[] CRASHES = {
    KILLED, KILLED_BESIDE, KEEPER_REPLACED, OUT_OF_MEMORY, FROZEN, BOTH_KILLED
  };

  private final Survey survey = new Survey();
  private List<String> complaints = List.of();

  /** Of a busy container: its load before and after what was done to the daemon. */
  private final List<Double> loads = new ArrayList<>();

  @BeforeAll
  void disturb() throws Exception {
    Requirements.mount();
    ReadingContainer.need(Kind.RUNC);
    ReadingContainer.need(Kind.RUNC_DISTROLESS);
    try (Succession daemons = new Succession()) {
      System.out.printf("keeper: PSS %d kB%n", daemons.keeper().memory());
      DaemonProcess first = daemons.serving();
      try (ReadingContainer one = new ReadingContainer(Kind.RUNC, first, 1, 128);
          ReadingContainer two = new ReadingContainer(Kind.RUNC, first, 2, 192);
          ReadingContainer distroless = new ReadingContainer(Kind.RUNC_DISTROLESS, first, 1, 96);
          Container busy = Container.of(first).cpus("0.1").start()) {
        deeds(daemons, busy);
        for (ReadingContainer container : List.of(one, two, distroless)) {
          survey.add(container);
        }
      }
      complaints = daemons.complaints();
    }
    survey.print();
  }

  private void deeds(Succession daemons, Container busy) throws Exception {
    String _ = busy.run("while :; do :; done &").ok();
    Command.await("it counts as load", Machine.deadline(30), () -> load(busy) > 0.1);
    survey.during(
        UNDISTURBED,
        1,
        () -> {
          Command.sleep(Duration.ofSeconds(1));
          return Duration.ZERO;
        });
    loads.add(load(busy));
    survey.during(RESTARTED, ROUNDS, () -> noteLoad(busy, daemons.restart()));
    survey.during(REPLACED, ROUNDS, () -> noteLoad(busy, daemons.replace()));
    survey.during(KILLED, ROUNDS, daemons::kill);
    survey.during(KILLED_BESIDE, ROUNDS, daemons::killBesideAnother);
    for (int round = 0; round < FEW; round++) {
      daemons.replaceKeeper();
      survey.during(KEEPER_REPLACED, 1, daemons::kill);
      try (MemoryCgroup cgroup = new MemoryCgroup()) {
        survey.during(RESTARTED, 1, () -> daemons.restart(cgroup.wrapper()));
        survey.during(OUT_OF_MEMORY, 1, () -> daemons.runOutOfMemory(cgroup));
      }
      survey.during(FROZEN, 1, daemons::freeze);
      survey.during(BOTH_KILLED, 1, daemons::killBoth);
    }
  }

  private Duration noteLoad(Container busy, Duration unserved) {
    loads.add(load(busy));
    return unserved;
  }

  private static double load(Container container) {
    return Output.number(container.read("/proc/loadavg"), "^([\\d.]+) ");
  }

  // ---- what an operator does ----

  @Test
  void nobody_notices_a_restart_or_an_upgrade_by_an_error() {
    assertThat(survey.errors(UNDISTURBED, RESTARTED, REPLACED)).isEmpty();
  }

  @Test
  void a_restart_is_soon_over() {
    assertThat(survey.usualWait(RESTARTED)).isLessThan(RESTART);
  }

  @Test
  void an_upgrade_is_hardly_noticed() {
    assertThat(survey.usualWait(REPLACED)).isLessThan(HARDLY);
  }

  @Test
  void counters_go_on_where_they_were() {
    assertThat(survey.back(UNDISTURBED, RESTARTED, REPLACED)).isEmpty();
  }

  @Test
  void the_load_goes_on_where_it_was() {
    assertThat(loads).hasSize(1 + 2 * ROUNDS);
    for (int number = 1; number < loads.size(); number++) {
      // The load of something that always runs grows; what else runs for a moment comes and goes.
      assertThat(loads.get(number)).as("%s", loads).isGreaterThan(loads.get(number - 1) * 0.8);
    }
  }

  // ---- bad luck ----

  @Test
  void a_crash_costs_a_thread_one_error_at_most() {
    int most = Machine.hasLinux(6, 9) ? 0 : 1;
    assertThat(survey.rounds(CRASHES))
        .allSatisfy(round -> assertThat(round.mostErrors()).isLessThanOrEqualTo(most));
  }

  @Test
  void nobody_waits_longer_than_a_crashed_daemon_is_away() {
    assertThat(survey.rounds(CRASHES))
        .allSatisfy(round -> assertThat(round.longestWait()).isLessThan(round.unserved() + MARGIN));
  }

  // ---- whatever happens ----

  @Test
  void nobody_sees_the_hosts_view() {
    assertThat(survey.wrong()).isEmpty();
  }

  @Test
  void everybody_goes_on_reading() {
    assertThat(survey.kinds()).allSatisfy(kind -> assertThat(survey.reads(kind)).isPositive());
  }

  @Test
  void no_daemon_has_reason_to_complain() {
    assertThat(complaints).isEmpty();
  }

  /** The first has ended its connection; for the next there is another. */
  private static void awaitAnother(KeeperProcess keeper) {
    Command.await("another keeper is there", Machine.deadline(10), () -> keeper.count() > 1);
    assertThat(keeper.isAlive()).isTrue();
  }

  @Test
  void nobody_waits_for_ever() throws IOException {
    Path directory = Files.createTempDirectory("podproc-run");
    try (KeeperProcess keeper = new KeeperProcess(directory, 5);
        DaemonProcess daemon =
            Start.with("-Dpodproc.run-directory=" + directory).launch().awaitServing();
        Container container = Container.of(daemon).memory("96M").start()) {
      daemon.kill();
      Output output =
          container.run(Machine.deadline(60), "cat /proc/uptime; echo; cat /proc/uptime");
      // Who waited gets an error, and after it the node's own file.
      assertThat(output.text())
          .contains("Software caused connection abort")
          .containsPattern("(?m)^[0-9.]+ [0-9.]+$");
      awaitAnother(keeper);
    } finally {
      DaemonProcess.removeTree(directory);
    }
  }

  /** It has a daemon again, whose signs of life would let a keeper of the old mount be patient. */
  @Test
  void nobody_waits_for_ever_for_a_mount_that_was_taken_away(@TempDir Path folder)
      throws IOException {
    Path directory = Files.createTempDirectory("podproc-run");
    Path log = Files.createFile(folder.resolve("log"));
    Start start = Start.with("-Dpodproc.run-directory=" + directory);
    try (KeeperProcess keeper = new KeeperProcess(directory, 60);
        DaemonProcess killed = start.launch().awaitServing();
        Container container = Container.of(killed).memory("96M").start()) {
      killed.kill();
      String _ = container.run("{ cat /proc/uptime; echo ended $?; } >" + log + " 2>&1 &").ok();
      // As somebody does who tidies up. The container has files of it, so the connection lasts.
      String _ = Command.run("umount", "-l", killed.mountPoint().toString()).ok();
      try (DaemonProcess next = start.at(killed.mountPoint()).launch().awaitServing()) {
        Command.await(
            "who waits gets an error",
            Machine.deadline(10),
            () -> Machine.read(log).contains("ended 1"));
        // It serves before it says anything.
        Command.eventually(() ->
            assertThat(next.output())
                .containsPattern(
                    " WARN +keeper [0-9]+ holds a connection that is not mounted any more, and is"
                        + " told to end it\n"));
        awaitAnother(keeper);
        Command.eventually(() -> assertThat(container.memory("MemTotal")).isEqualTo(96 << 10));
      }
    } finally {
      DaemonProcess.removeTree(directory);
    }
  }

  /**
   * Its thread, which no signal ends, would keep its descriptors and the keepers' lock for ever.
   */
  @Test
  void nobody_waits_for_ever_for_a_daemon_that_waits_for_itself(@TempDir Path proc)
      throws Exception {
    try (Stream<Path> files = Files.list(Path.of("/proc"))) {
      for (Path file : files.toList()) {
        if (!file.endsWith("cpuinfo")) {
          Files.createSymbolicLink(proc.resolve(file.getFileName()), file);
        }
      }
    }
    // Nobody writes to it: whoever asks for it waits, as the daemon itself is about to.
    String _ = Command.run("mkfifo", proc.resolve("cpuinfo").toString()).ok();
    Path directory = Files.createTempDirectory("podproc-run");
    try (KeeperProcess keeper = new KeeperProcess(directory, 5);
        DaemonProcess daemon =
            Start.with(
                    "-Dpodproc.run-directory=" + directory,
                    "-Dpodproc.proc-root=" + proc,
                    "-Dpodproc.readiness-deadline=0.5s")
                .launch()
                .awaitServing()) {
      assertThat(daemon.get("/q/health/ready").body()).contains("HANGS");
      daemon.kill(); // and it ends
      awaitAnother(keeper);
    } finally {
      DaemonProcess.removeTree(directory);
    }
  }
}
