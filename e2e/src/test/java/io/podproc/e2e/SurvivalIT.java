// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Containers read all files in tight loops while the daemon that serves them is stopped, replaced,
 * killed and frozen. {@code e2e/chaos/run} does it more often, and prints the same table.
 */
@Tag("survival")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SurvivalIT {
  private static final int ROUNDS = Integer.getInteger("e2e.rounds", 3);
  private static final int THREADS = 2;
  private static final int PATIENCE = 60;

  private final Map<String, Findings> findings = new LinkedHashMap<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<DaemonProcess> started = new ArrayList<>();
  private Path run;
  private Path mountPoint;

  /** What the readers met while one kind of thing was done to the daemon. */
  private static final class Findings {
    private long begin;
    private long end;
    private long reads;
    private final List<String> errors = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private double longestWait;

    boolean covers(double time) {
      return time * 1000 >= begin && time * 1000 < end;
    }

    void add(String line) {
      String[] words = line.split(" ", 3);
      switch (words[0]) {
        case "reads" -> reads += Long.parseLong(words[2]);
        case "wait" -> longestWait = Math.max(longestWait, Double.parseDouble(words[2]));
        case "error" -> errors.add(words[2]);
        case "wrong" -> wrong.add(words[2]);
        default -> throw new AssertionError("the reader said: " + line);
      }
    }
  }

  private interface Deed {
    void run() throws Exception;
  }

  /** Does something to the daemon, some rounds, and notes when. */
  private void during(String kind, int rounds, Deed deed) throws Exception {
    Findings found = new Findings();
    found.begin = System.currentTimeMillis();
    for (int round = 0; round < rounds; round++) {
      deed.run();
      Command.sleep(Duration.ofMillis(200)); // the readers go on for a while
    }
    found.end = System.currentTimeMillis();
    findings.put(kind, found);
  }

  private DaemonProcess launch() {
    DaemonProcess daemon = Start.with("-Dpodproc.run-directory=" + run).at(mountPoint).launch();
    started.add(daemon);
    return daemon;
  }

  private static void awaitLog(DaemonProcess daemon, String words) {
    Command.await(
        "the daemon says: " + words,
        Machine.deadline(30),
        () -> {
          assertThat(daemon.isAlive()).as(daemon.output()).isTrue();
          return daemon.output().contains(words);
        });
  }

  @BeforeAll
  void disturb() throws Exception {
    Requirements.mount();
    Requirements.tool("python3");
    run = Files.createTempDirectory("podproc-run");
    mountPoint = DaemonProcess.newMountPoint();
    Path end = run.resolve("end");
    KeeperProcess[] keeper = {new KeeperProcess(run, PATIENCE)};
    try {
      DaemonProcess first = launch().awaitServing();
      System.out.printf("keeper: PSS %d kB%n", keeper[0].memory());
      String files =
          first.files().stream()
              .filter(file -> Files.exists(Path.of(file)))
              .collect(Collectors.joining(" "));
      try (Container one = Container.of(first).cpus("1").memory("128M").start();
          Container two = Container.of(first).cpus("2").memory("192M").start();
          ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<String>> answers = new ArrayList<>();
        answers.add(readers.submit(() -> read(one, end, 128 << 10, 1, files)));
        answers.add(readers.submit(() -> read(two, end, 192 << 10, 2, files)));
        try {
          deeds(first, keeper);
        } finally {
          Files.createFile(end);
        }
        for (Future<String> answer : answers) {
          answer.get().lines().forEach(this::attribute);
        }
      } finally {
        started.stream()
            .flatMap(daemon -> daemon.output().lines())
            .filter(line -> !line.contains(" INFO "))
            .forEach(warnings::add);
        started.reversed().forEach(DaemonProcess::close);
      }
    } finally {
      keeper[0].close();
    }
    print();
  }

  private static String read(Container container, Path end, int memory, int cpus, String files) {
    String script = Machine.checkout().resolve("e2e/src/test/resources/survival.py").toString();
    return container
        .run(
            Machine.deadline(600),
            Stream.of("/usr/bin/python3 -I -S", script, end, THREADS, memory, cpus, files)
                .map(Object::toString)
                .collect(Collectors.joining(" ")))
        .ok();
  }

  private void deeds(DaemonProcess first, KeeperProcess[] keeper) throws Exception {
    DaemonProcess[] serving = {first};
    during("undisturbed", 1, () -> Command.sleep(Duration.ofSeconds(1)));
    during(
        "restarted",
        ROUNDS,
        () -> {
          assertThat(serving[0].stop()).isZero();
          serving[0] = launch().awaitServing();
        });
    during(
        "replaced by one beside it",
        ROUNDS,
        () -> {
          DaemonProcess next = launch();
          awaitLog(next, "serving 14 files");
          assertThat(serving[0].stop()).isZero();
          awaitLog(next, "went on with the mount");
          serving[0] = next;
        });
    during(
        "kill -9",
        ROUNDS,
        () -> {
          serving[0].kill();
          serving[0] = launch().awaitServing();
        });
    during(
        "kill -9, one beside it",
        ROUNDS,
        () -> {
          DaemonProcess next = launch();
          awaitLog(next, "serving 14 files");
          serving[0].kill();
          awaitLog(next, "went on with the mount");
          serving[0] = next;
        });
    during(
        "kill -9, after its keeper was replaced",
        ROUNDS,
        () -> {
          KeeperProcess next = new KeeperProcess(run, PATIENCE);
          awaitKeepers(serving[0], 2);
          keeper[0].kill();
          keeper[0] = next;
          serving[0].kill();
          serving[0] = launch().awaitServing();
        });
    during(
        "frozen, then killed",
        1,
        () -> {
          String _ = Command.run("kill", "-STOP", Long.toString(serving[0].pid())).ok();
          Command.sleep(Duration.ofSeconds(2)); // the time until its liveness is given up
          serving[0].kill();
          serving[0] = launch().awaitServing();
        });
  }

  private static void awaitKeepers(DaemonProcess daemon, int count) {
    Command.await(
        count + " keepers hold the mount",
        Machine.deadline(10),
        () -> daemon.get("/q/metrics").body().contains("podproc_keepers " + count + ".0"));
  }

  private void attribute(String line) {
    double time = Double.parseDouble(line.split(" ", 3)[1]);
    findings.values().stream()
        .filter(found -> found.covers(time))
        .forEach(found -> found.add(line));
  }

  private void print() {
    System.out.println("| the daemon is | reads | errors | not the container's | longest wait |");
    System.out.println("|---|---|---|---|---|");
    findings.forEach((kind, found) ->
        System.out.printf(
            Locale.ROOT,
            "| %s | %d | %d | %d | %.0f ms |%n",
            kind,
            found.reads,
            found.errors.size(),
            found.wrong.size(),
            found.longestWait * 1000));
  }

  @AfterAll
  void removeRunDirectory() throws IOException {
    remove(run);
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      for (Path file : left.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private Findings found(String kind) {
    return Objects.requireNonNull(findings.get(kind));
  }

  @Test
  void nobody_reads_an_error() {
    assertThat(findings.values().stream().flatMap(found -> found.errors.stream())).isEmpty();
  }

  @Test
  void nobody_sees_the_hosts_view() {
    assertThat(findings.values().stream().flatMap(found -> found.wrong.stream())).isEmpty();
  }

  @Test
  void no_daemon_has_reason_to_complain() {
    assertThat(warnings).isEmpty();
  }

  @Test
  void everybody_goes_on_reading() {
    assertThat(findings).allSatisfy((kind, found) -> assertThat(found.reads).isPositive());
  }

  @Test
  void a_replacement_is_hardly_noticed() {
    assertThat(found("replaced by one beside it").longestWait).isLessThan(0.25);
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
      assertThat(output.status()).isNotZero();
      assertThat(output.text()).contains("Software caused connection abort");
      assertThat(keeper.isAlive()).isFalse();
    } finally {
      remove(directory);
    }
  }
}
