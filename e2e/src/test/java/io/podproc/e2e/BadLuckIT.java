// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What hardly ever happens is made to happen: a line in the log, nothing lost, nothing hangs. */
@Tag("integration")
class BadLuckIT {
  private static final long MIB = 1024;

  @TempDir Path folder;
  private Path run;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("strace");
  }

  @BeforeEach
  void prepare() throws IOException {
    run = Files.createDirectory(folder.resolve("run"));
  }

  @AfterEach
  void cleanUp() {
    if (Machine.read("/proc/self/mountinfo").contains(" " + run + " ")) {
      String _ = Command.run("umount", run.toString()).ok();
    }
  }

  /** While it is open, some system calls of some threads of a daemon fail. */
  private final class Failing implements AutoCloseable {
    private final Path log = folder.resolve("strace");
    private final Process strace;

    /**
     * @param threads what their names begin with
     * @param calls as openat
     * @param how as error=EIO:when=1..3
     * @param of what they are about; anything if it is empty
     */
    Failing(DaemonProcess daemon, String threads, String calls, String how, Path... of)
        throws IOException {
      List<String> command =
          new ArrayList<>(List.of("strace", "-qq", "-o", log.toString(), "-e", "trace=" + calls));
      command.addAll(List.of("-e", "inject=" + calls + ":" + how));
      for (Path path : of) {
        command.addAll(List.of("-P", path.toString()));
      }
      List<Path> tasks;
      try (Stream<Path> all = Files.list(Path.of("/proc/" + daemon.pid() + "/task"))) {
        tasks = all.filter(task -> Machine.read(task.resolve("comm")).startsWith(threads)).toList();
      }
      assertThat(tasks).isNotEmpty();
      for (Path task : tasks) {
        command.addAll(List.of("-p", task.getFileName().toString()));
      }
      strace = Command.start(command, Map.of(), ProcessBuilder.Redirect.INHERIT);
      Command.await(
          "strace is there",
          Machine.deadline(20),
          () ->
              tasks.stream()
                  .noneMatch(
                      task -> Machine.read(task.resolve("status")).contains("TracerPid:\t0\n")));
    }

    /** How many have failed until now. */
    long count() {
      return Machine.read(log).lines().filter(line -> line.endsWith("(INJECTED)")).count();
    }

    void await(int least) {
      Command.await(least + " calls have failed", Machine.deadline(20), () -> count() >= least);
    }

    @Override
    public void close() {
      strace.destroy();
      try {
        int _ = strace.waitFor();
      } catch (InterruptedException e) {
        throw Command.interrupted(e);
      }
    }
  }

  /** What the kernel says of containers: other files are the JVM's own. */
  private static Path[] files(Container... containers) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Container container : containers) {
      for (Path cgroup : Machine.cgroups(container.cgroup())) {
        try (Stream<Path> files = Files.list(cgroup)) {
          files.filter(Files::isRegularFile).forEach(found::add);
        }
      }
    }
    return found.toArray(Path[]::new);
  }

  private static String metrics(DaemonProcess daemon) {
    return daemon.get("/q/metrics").body();
  }

  private static double sum(String metrics, String pattern) {
    return Output.all(metrics, "^" + pattern + " ([\\d.]+)$").stream()
        .mapToDouble(List::getFirst)
        .sum();
  }

  private static void assertIsAlive(DaemonProcess daemon) {
    assertThat(daemon.get("/q/health/live").statusCode()).isEqualTo(200);
    assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
  }

  /** Besides that it serves. */
  private static List<String> warnings(DaemonProcess daemon) {
    return daemon.output().lines().filter(line -> !line.contains(" INFO ")).toList();
  }

  // ---- system calls that fail ----

  /**
   * One whose files the daemon has open, and one that it has not seen. Nobody gets the host's
   * numbers.
   */
  @ParameterizedTest
  @CsvSource({
    "openat, EMFILE",
    "openat, ENFILE",
    "openat, ENOMEM",
    "openat, EIO",
    "pread64, ENOMEM",
    "pread64, EIO"
  })
  void a_thread_that_serves_is_refused_what_it_reads(String call, String error) throws IOException {
    long host = Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
    try (DaemonProcess daemon = DaemonProcess.serving();
        Container known = Container.of(daemon).memory("96M").start();
        Container newcomer = Container.of(daemon).memory("64M").start()) {
      assertThat(known.memory("MemTotal")).isEqualTo(96 * MIB);
      List<Long> totals = new ArrayList<>();
      Path[] files = files(known, newcomer);
      try (Failing failing = new Failing(daemon, "fuse-", call, "error=" + error, files)) {
        for (int i = 0; i < 10; i++) {
          for (Container container : List.of(known, newcomer)) {
            String text = container.run("cat /proc/meminfo /proc/loadavg /proc/stat").text();
            Output.all(text, "^MemTotal: +(\\d+)")
                .forEach(total -> totals.add(total.getFirst().longValue()));
          }
        }
        failing.await(1);
      }
      assertThat(totals).doesNotContain(host);
      assertThat(newcomer.memory("MemTotal")).isEqualTo(64 * MIB);
      assertThat(known.memory("MemTotal")).isEqualTo(96 * MIB);
      String metrics = metrics(daemon);
      assertThat(sum(metrics, "podproc_fallbacks_total\\{file=.*reason=\"shortage\"}"))
          .isPositive();
      assertThat(sum(metrics, "podproc_fallbacks_total\\{file=.*reason=\"(?!shortage).*\"}"))
          .isZero();
      assertThat(sum(metrics, "podproc_task_failures_total\\{.*}")).isZero();
      assertIsAlive(daemon);
      // A line for each of three files; no traces.
      assertThat(warnings(daemon)).hasSizeBetween(1, 3).noneMatch(line -> line.startsWith("\tat"));
    }
  }

  /** The request is the kernel's still, and is asked for again. */
  @ParameterizedTest
  @CsvSource({"EIO", "ENOMEM", "EMFILE"})
  void a_thread_that_serves_is_refused_a_request(String error) throws IOException {
    try (DaemonProcess daemon = DaemonProcess.serving();
        Container container = Container.of(daemon).memory("96M").start()) {
      try (Failing failing =
          new Failing(daemon, "fuse-", "read", "error=" + error + ":when=1..10")) {
        for (int i = 0; i < 20; i++) {
          assertThat(container.memory("MemTotal")).isEqualTo(96 * MIB);
        }
        failing.await(1);
      }
      assertThat(container.memory("MemTotal")).isEqualTo(96 * MIB);
      assertThat(sum(metrics(daemon), "podproc_task_failures_total\\{task=\"request\"}"))
          .isPositive();
      assertThat(warnings(daemon)).filteredOn(line -> line.contains("of read(2)")).hasSize(1);
      assertIsAlive(daemon);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "openat, EMFILE",
    "openat, EIO",
    "pread64, ENOMEM",
    "pread64, EIO",
    "getdents64, ENOMEM",
    "getdents64, EIO"
  })
  void the_sampler_is_refused_what_it_reads(String call, String error) throws IOException {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.sampler-interval=1s");
        Container container = Container.of(daemon).memory("96M").start()) {
      String _ = container.run("while :; do :; done &").ok(); // else there is nothing to look at
      assertThat(container.read("/proc/loadavg")).contains("/");
      container.move(container.pid(), "/below"); // else there is no directory to look into
      Path[] files = call.equals("pread64") ? files(container) : new Path[0];
      try (Failing failing = new Failing(daemon, "sampling", call, "error=" + error, files)) {
        failing.await(2);
        assertThat(container.memory("MemTotal")).isEqualTo(96 * MIB);
      }
      Command.await(
          "its load is known again",
          Machine.deadline(60),
          () -> container.read("/proc/loadavg").matches("(?!0\\.00)[\\d. ]+ [1-9]/[1-9] \\d+\n"));
      assertThat(warnings(daemon)).singleElement().asString().contains("a sample failed: /sys/fs");
      assertIsAlive(daemon);
    }
  }

  @Test
  void nobody_else_can_be_let_in_for_a_moment() throws IOException {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      assertIsAlive(daemon);
      try (Failing failing =
          new Failing(daemon, "http-", "accept,accept4", "error=EMFILE:when=1..5")) {
        assertIsAlive(daemon);
        failing.await(5);
      }
      assertThat(sum(metrics(daemon), "podproc_task_failures_total\\{task=\"page\"}")).isEqualTo(5);
      assertThat(warnings(daemon)).filteredOn(line -> line.contains("a page failed")).hasSize(1);
    }
  }

  // ---- the run directory ----

  private Start kept() {
    return Start.with("-Dpodproc.run-directory=" + run, "-Dpodproc.sampler-interval=1s");
  }

  @Test
  void a_state_of_a_hundred_megabytes_is_left_aside() throws IOException {
    byte[] noise = new byte[1 << 20];
    new java.util.Random(1).nextBytes(noise);
    try (RandomAccessFile state = new RandomAccessFile(run.resolve("state").toFile(), "rw")) {
      for (int i = 0; i < 100; i++) {
        state.write(noise);
      }
    }
    try (DaemonProcess daemon = kept().launch().awaitServing();
        Container container = Container.of(daemon).memory("96M").start()) {
      assertThat(container.memory("MemTotal")).isEqualTo(96 * MIB);
      Command.await(
          "it is written over",
          Machine.deadline(20),
          () -> run.resolve("state").toFile().length() < noise.length);
      assertThat(warnings(daemon)).filteredOn(line -> line.contains(" is ignored, ")).hasSize(1);
      assertIsAlive(daemon);
    }
  }

  @Test
  void a_full_disk_is_told_once_and_forgiven() throws IOException {
    String _ = Command.run("mount", "-t", "tmpfs", "-o", "size=64k", "run", run.toString()).ok();
    Path ballast = run.resolve("ballast");
    String _ = Command.run("dd", "if=/dev/zero", "of=" + ballast).text();
    assertThat(ballast.toFile().length()).isPositive();
    try (DaemonProcess daemon = kept().launch().awaitServing();
        Container container = Container.of(daemon).memory("96M").start()) {
      assertThat(container.memory("MemTotal")).isEqualTo(96 * MIB);
      Command.await(
          "it has tried",
          Machine.deadline(20),
          () -> daemon.output().contains("state can't be written"));
      Command.sleep(Duration.ofSeconds(3)); // some more of its tries
      assertThat(warnings(daemon)).filteredOn(line -> line.contains("can't be")).hasSize(1);
      assertIsAlive(daemon);
      Files.delete(ballast);
      Command.await(
          "it is written", Machine.deadline(20), () -> run.resolve("state").toFile().length() > 0);
      Command.eventually(() -> assertThat(daemon.output()).contains("state is written again"));
      assertThat(daemon.stop()).isZero();
    }
  }

  @Test
  void a_disk_that_is_read_only_is_told_in_a_line() {
    String _ = Command.run("mount", "-t", "tmpfs", "-o", "ro", "run", run.toString()).ok();
    try (DaemonProcess daemon = kept().launch()) {
      assertThat(daemon.awaitExit()).isEqualTo(1);
      assertThat(daemon.output().lines())
          .singleElement()
          .asString()
          .contains("the run directory " + run + " can't be used");
      assertThat(daemon.isMounted()).isFalse();
    }
  }

  // ---- who has the turn ----

  /** A process that has locked the file of the turn, and has a name that is not fit for a log. */
  private Process lock(String mode, String kind) throws IOException {
    Process stray =
        Command.start(
            List.of(
                "python3",
                "-c",
                "import fcntl, sys, time; f = open(sys.argv[1], sys.argv[2]);"
                    + " fcntl.lockf(f, getattr(fcntl, sys.argv[3]));"
                    + " open('/proc/self/comm', 'w').write('a\"\\n\\x1b[2J');"
                    + " print(1, flush=True); time.sleep(1000)",
                Files.writeString(run.resolve("turn"), "").toString(),
                mode,
                kind),
            Map.of(),
            ProcessBuilder.Redirect.PIPE);
    assertThat(stray.getInputStream().read()).isEqualTo('1');
    return stray;
  }

  /** Who may only read what is there can lock it for no more. */
  @Test
  void who_has_locked_the_turn_for_reading_is_not_waited_for() throws Exception {
    Process stray = lock("r", "LOCK_SH");
    try (KeeperProcess keeper = new KeeperProcess(run, 3);
        DaemonProcess daemon = kept().launch().awaitServing()) {
      String told =
          "process %s (a\"\\n\\u001b[2J), which is no daemon of podproc, has locked %s"
              .formatted(stray.pid(), run.resolve("turn"));
      Command.eventually(
          () -> assertThat(warnings(daemon)).singleElement().asString().contains(told));
      assertIsAlive(daemon);
      daemon.kill();
      Command.eventually(
          () -> assertThat(keeper.output()).contains("brought back the node's own files"));
      assertThat(daemon.isMounted()).isFalse();
    } finally {
      stray.destroyForcibly();
    }
  }

  /** As a container is that runs as nobody, and has the directory as a volume that is read-only. */
  @Test
  void nobody_can_open_what_daemons_lock() {
    try (DaemonProcess _ = kept().launch().awaitServing()) {
      String open =
          "mount --bind RUN /mnt && mount -o remount,bind,ro /mnt && cd /mnt && exec setpriv"
              + " --reuid=65534 --regid=65534 --clear-groups cat turn turn-2 serving 2>&1";
      Output output =
          Command.run("unshare", "-m", "bash", "-c", open.replace("RUN", run.toString()));
      assertThat(output.text().lines())
          .hasSize(3)
          .allMatch(line -> line.endsWith("ermission denied"));
    }
  }

  /** That it does stand by, and for whom, is told at once. */
  @Test
  void who_has_the_turn_and_does_not_serve_is_named() throws Exception {
    Process stray = lock("w", "LOCK_EX");
    try {
      try (DaemonProcess daemon = kept().launch()) {
        String name = "process " + stray.pid() + " (a\"\\n\\u001b[2J)";
        Command.eventually(() -> assertThat(daemon.output()).contains("standing by: " + name));
        assertThat(daemon.get("/q/health/live").body()).contains("UP", "standing by");
        long begun = System.nanoTime();
        Command.await(
            "it is not alive any more",
            Machine.deadline(60),
            () -> daemon.get("/q/health/live").statusCode() == 503);
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
            .isGreaterThan(Duration.ofSeconds(25));
        assertThat(daemon.get("/q/health/live").body())
            .contains(
                "nobody serves: the turn has " + name.replace("\\", "\\\\").replace("\"", "\\\""));
        assertThat(warnings(daemon))
            .singleElement()
            .asString()
            .contains("nobody serves: the turn has " + name);
        stray.destroyForcibly();
        DaemonProcess _ = daemon.awaitServing();
        assertIsAlive(daemon);
      }
    } finally {
      stray.destroyForcibly();
    }
  }
}
