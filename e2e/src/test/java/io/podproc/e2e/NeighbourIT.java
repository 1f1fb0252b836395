// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A container with Docker's default capabilities does what it can to the node's files, while
 * another one reads on: without an error, its own text, and without waiting.
 */
class NeighbourIT {
  private static final String SCRIPT =
      "/usr/bin/python3 -I -S " + Machine.checkout().resolve("e2e/src/test/resources/neighbour.py");

  private static final String SAMPLING = "-Dpodproc.sampler-interval=1s";

  private static final long MIB = 1024;

  /** What the victim may wait, in seconds, on a machine that gives it its time. */
  private static final double WAIT = 0.25;

  /** As {@link #WAIT}, beside many threads. */
  private static final double WAIT_BESIDE_THREADS = 0.1;

  @TempDir private Path folder;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("python3");
    Requirements.tool("prlimit");
    Requirements.tool("ip");
    Requirements.tool("cc");
  }

  private static DaemonProcess serve(String... wrapper) {
    return serve(Start.with(SAMPLING).within(wrapper));
  }

  private static DaemonProcess serve(Start start) {
    DaemonProcess daemon = start.launch();
    try {
      return daemon.awaitServing();
    } catch (RuntimeException | AssertionError e) {
      daemon.close();
      throw e;
    }
  }

  /** What a container's root may do where its engine is Docker, in its own cgroup. */
  private static String inOwnCgroup(String command) {
    String type = Machine.hasCgroup2() ? "cgroup2" : "cgroup -o memory";
    return "setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,"
        + "+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"
        + " --inh-caps=-all --nnp unshare -U -r -C -m bash -c"
        + " 'mount -t TYPE none /mnt && SCRIPT COMMAND'"
            .replace("TYPE", type)
            .replace("SCRIPT", SCRIPT)
            .replace("COMMAND", command);
  }

  /** A container that only reads, from when it is made until it is asked how it fared. */
  private final class Victim implements AutoCloseable {
    private static final int MEMORY_MIB = 96;

    private final Path end = folder.resolve("end");
    private final Container container;
    private final FutureTask<Output> reading;

    /**
     * @param calm a daemon that nobody disturbs: how long its answers take is the machine's doing
     */
    Victim(DaemonProcess daemon, DaemonProcess calm) {
      container = Container.of(daemon).memory(MEMORY_MIB + "M").start();
      String command =
          SCRIPT + " victim " + end + " " + MEMORY_MIB * MIB + " " + calm.file("/proc/meminfo");
      reading = new FutureTask<>(() -> container.run(Machine.deadline(300), command));
      Thread.ofVirtual().start(reading);
    }

    void assertHasReadOn(double wait) throws Exception {
      Path _ = Files.createFile(end);
      String text;
      try {
        text = reading.get().ok();
      } catch (ExecutionException e) {
        throw new AssertionError(e.getCause());
      }
      System.out.print(text);
      assertThat(text).containsPattern("^reads [1-9]\\d+ errors 0 \\[] wrong 0\n");
      // More is not the machine's doing alone: the attacker has it wait as well.
      double late = Math.min(Output.number(text, "^worst \\S+ late (\\S+)$"), seconds(1));
      assertThat(Output.number(text, "^worst (\\S+) "))
          .isLessThan(Machine.deadline(1).toMillis() / 1000.0 * wait + late);
    }

    @Override
    public void close() {
      container.close();
    }
  }

  /** Whatever a container has done: the daemon is as it was. */
  private static void assertUnharmed(DaemonProcess daemon) {
    String metrics = daemon.get("/q/metrics").body();
    assertThat(daemon.get("/q/health/live").body()).contains("UP");
    assertThat(metrics)
        .doesNotContainPattern("podproc_task_failures_total\\{[^}]*} [1-9]")
        .doesNotContainPattern("podproc_fallbacks_total\\{[^}]*} [1-9]");
    // The attacker and the victim.
    assertThat(metric(metrics, "podproc_containers")).isLessThanOrEqualTo(2);
    assertThat(metric(metrics, "jvm_memory_used_bytes.*Tenured.*")).isLessThan(32.0 * MIB * MIB);
    assertThat(descriptors(daemon)).isLessThan(1500);
    assertThat(daemon.output()).doesNotContain("Error");
    assertThat(metric(metrics, "podproc_task_age_seconds.*heartbeat")).isLessThan(seconds(5));
    assertThat(metric(metrics, "podproc_task_age_seconds.*sample")).isLessThan(seconds(10));
  }

  private static void awaitMetric(DaemonProcess daemon, String name, double least) {
    Command.await(
        name + " is " + least,
        Machine.deadline(30),
        () -> metric(daemon.get("/q/metrics").body(), name) >= least);
  }

  private static double seconds(int seconds) {
    return Machine.deadline(seconds).toSeconds();
  }

  /** The first one of the name. */
  private static double metric(String metrics, String name) {
    return Output.number(metrics, "^" + name + "\\S* (\\S+)$");
  }

  private static long descriptors(DaemonProcess daemon) {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + daemon.pid() + "/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @Tag("integration")
  void a_container_that_nests_cgroups_as_deep_as_paths_go() throws Exception {
    try (DaemonProcess daemon = serve();
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm);
        Container attacker = Container.of(daemon).memory("128M").start()) {
      // As many say what they are to be taken for, and are taken for what they are.
      assertThat(attacker.run(inOwnCgroup("chain /mnt")).ok())
          .containsPattern("^(total " + 128 * MIB + " read\n){3}depth 1[89]\\d\\d\n$");
      try {
        String read = "for i in 1 2 3 4; do cat /proc/uptime /proc/loadavg /proc/stat; done";
        assertThat(attacker.run(read).ok()).contains("procs_running");
        awaitMetric(daemon, "podproc_looks_cut_total", 3); // samples that met it
        victim.assertHasReadOn(WAIT);
        assertUnharmed(daemon);
      } finally {
        String _ =
            Command.bash(SCRIPT + " unchain " + Machine.cgroup(attacker.cgroup(), "memory")).ok();
      }
    }
  }

  @Test
  @Tag("integration")
  void a_container_that_names_its_cgroups_as_a_runtime_does() throws Exception {
    try (DaemonProcess daemon = serve();
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm);
        Container attacker = Container.of(daemon).memory("128M").start()) {
      assertThat(attacker.run("ulimit -n 8192; " + inOwnCgroup("fakes /mnt 3000")).ok())
          .contains("held 3000 totals " + 128 * MIB + "\n");
      assertUnharmed(daemon);
      victim.assertHasReadOn(WAIT);
    }
  }

  /** Where no runtime's name tells which container it is, as with LXC. */
  @Test
  @Tag("integration")
  void a_container_whose_first_process_walks_through_cgroups() throws Exception {
    try (DaemonProcess daemon = serve();
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm);
        Container attacker =
            Container.of(daemon)
                .cgroup("/" + Container.uniqueName() + "/plain")
                .memory("128M")
                .start()) {
      assertThat(attacker.run("ulimit -n 8192; " + inOwnCgroup("walk /mnt 500")).ok())
          .contains("held 500 totals " + 128 * MIB + "\n");
      assertUnharmed(daemon);
      victim.assertHasReadOn(WAIT);
    }
  }

  @Test
  @Tag("integration")
  void a_container_with_twenty_thousand_threads() throws Exception {
    Path log = folder.resolve("log");
    // Those of an emulated machine are as dear as ten.
    int count = Machine.deadline(1).toSeconds() > 1 ? 2000 : 20_000;
    try (DaemonProcess daemon = serve();
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm);
        Container attacker = Container.of(daemon).memory("2G").start()) {
      String _ =
          attacker.run(SCRIPT + " threads " + count + " " + seconds(60) + " >" + log + " &").ok();
      Command.await(
          "the threads are there",
          Machine.deadline(60),
          () -> Files.exists(log) && Machine.read(log).contains("made"));
      // It is counted all the same, a slice at a time.
      Command.await(
          "its threads are counted",
          Machine.deadline(60),
          () ->
              attacker
                  .run("cat /proc/loadavg")
                  .text()
                  .matches("[\\d. ]+/" + count / 1000 + "\\d{3} \\d+\n"));
      // Samples meet readers now and then.
      awaitMetric(daemon, "podproc_render_seconds_count.file=\"/proc/meminfo\"", 700);
      victim.assertHasReadOn(WAIT_BESIDE_THREADS);
      assertUnharmed(daemon);
    }
  }

  /**
   * In a network of the daemon's own, as its pod has. There 198.18.77.1 to 200 are strangers'
   * addresses, and only 127.0.0.1 is one of the node's.
   */
  private record Network(DaemonProcess daemon) {
    static final int PROBES = 9463;
    static final int METRICS = 9464;
    private static final String STRANGER = "198.18.77.1";

    static String[] made() {
      return new String[] {
        "unshare",
        "--net",
        "bash",
        "-c",
        "ip link set lo up && ip address add " + STRANGER + "/24 dev lo && exec \"$@\"",
        "bash"
      };
    }

    private String in(String command) {
      return "nsenter --net --target " + daemon.pid() + " " + command;
    }

    /** From a number of addresses, while something else is done. */
    Process hold(int port, int count, String text, int addresses) {
      String held =
          String.join(
              " ",
              SCRIPT,
              "connections",
              STRANGER,
              port + "",
              count + "",
              "'" + text + "'",
              "60 2",
              addresses + 1 + "");
      return Command.start(
          List.of("bash", "-c", "exec " + in(held)), Map.of(), ProcessBuilder.Redirect.PIPE);
    }

    void assertAnswers(String host, int port, String path) {
      String text =
          Command.bash(in(String.join(" ", SCRIPT, "asks", host, port + "", path, "30"))).ok();
      System.out.print(port + " " + text);
      assertThat(text).startsWith("answered 30 of 30, ");
    }

    void assertIsProbed() {
      assertAnswers("127.0.0.1", PROBES, "/q/health/live");
      assertAnswers("127.0.0.1", PROBES, "/q/health/ready");
    }

    void assertIsScraped() {
      assertAnswers(STRANGER, METRICS, "/q/metrics");
    }
  }

  /** Not in the VM: nothing of it is a matter of cgroups, or of the kernel. */
  @ParameterizedTest
  @CsvSource({"64, ''", "1050, ''", "64, GET /q/health/live HTTP/1.1", "1050, GET /q/metr"})
  void a_container_that_holds_connections(int count, String text) throws Exception {
    try (DaemonProcess daemon =
            serve(
                Start.with(
                        "-Dpodproc.probe-port=" + Network.PROBES,
                        "-Dpodproc.http-port=" + Network.METRICS)
                    .within(Network.made()));
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm)) {
      Network network = new Network(daemon);
      for (int addresses : new int[] {1, 190}) {
        Process probes = network.hold(Network.PROBES, count, text, addresses);
        Process metrics = network.hold(Network.METRICS, count, text, addresses);
        try {
          for (Process attacker : List.of(probes, metrics)) {
            assertThat(attacker.inputReader().readLine()).isEqualTo("held " + count);
          }
          network.assertIsProbed();
          if (addresses == 1) {
            network.assertIsScraped();
          }
          assertThat(descriptors(daemon)).isLessThan(300);
        } finally {
          probes.destroy();
          metrics.destroy();
        }
      }
      victim.assertHasReadOn(WAIT);
      network.assertIsScraped();
      assertThat(daemon.output()).doesNotContain("Error", "Exception");
    }
  }

  /** In C: of so many threads of Python's most would wait for each other. */
  private String flood() {
    Path program = folder.resolve("flood");
    Path source = Machine.checkout().resolve("e2e/src/test/resources/flood.c");
    String _ =
        Command.run("cc", "-O2", "-pthread", "-o", program.toString(), source.toString()).ok();
    return program.toString();
  }

  /** The kernel's queue is first in, first out: all of them would be before each other reader. */
  @Test
  @Tag("integration")
  void a_container_with_twenty_thousand_threads_that_read() throws Exception {
    Path log = folder.resolve("log");
    int count = Machine.deadline(1).toSeconds() > 1 ? 2000 : 20_000;
    try (DaemonProcess daemon =
            serve(Start.with(SAMPLING, "-Dpodproc.readiness-deadline=" + (int) seconds(1) + "s"));
        DaemonProcess calm = serve();
        Container attacker = Container.of(daemon).cpus("0.7").memory("2G").start()) {
      String _ = attacker.run(flood() + " " + count + " 200 /proc/meminfo >" + log + " &").ok();
      Command.await(
          "all threads read",
          Machine.deadline(120),
          () -> Files.exists(log) && Machine.read(log).contains("all"));
      // One that comes when they wait.
      try (Victim victim = new Victim(daemon, calm)) {
        Command.await(
            "it has read for a while",
            Machine.deadline(120),
            () ->
                metric(
                        daemon.get("/q/metrics").body(),
                        "podproc_render_seconds_count.file=\"/proc/uptime\"")
                    >= 50);
        assertThat(daemon.get("/q/health/live").body()).contains("serving");
        assertThat(daemon.get("/q/health/ready").body()).contains("ANSWERS");
        victim.assertHasReadOn(WAIT);
        collect(daemon);
        assertUnharmed(daemon);
      }
    }
  }

  /**
   * Has it collect its garbage. 20,000 requests that wait outlive each small collection, and so
   * does what they were answered with: as garbage that fills the heap to its bound of 48 MiB,
   * before all of it is looked through. What matters is what the daemon holds on to.
   */
  private static void collect(DaemonProcess daemon) {
    String _ =
        Command.run(System.getProperty("java.home") + "/bin/jcmd", daemon.pid() + "", "GC.run")
            .ok();
  }

  /** Of a daemon that may have few: each thread that asks is known by one. */
  @Test
  @Tag("integration")
  void a_container_that_takes_the_daemon_s_descriptors() throws Exception {
    try (DaemonProcess daemon = serve("prlimit", "--nofile=200:200", "--");
        DaemonProcess calm = serve();
        Victim victim = new Victim(daemon, calm);
        Container attacker = Container.of(daemon).memory("128M").start()) {
      String _ = attacker.run(SCRIPT + " readers 400 " + seconds(20) + " &").ok();
      awaitMetric(daemon, "podproc_render_seconds_count.file=\"/proc/loadavg\"", 2000);
      // One that comes when there are none left.
      try (Container newcomer = Container.of(daemon).memory("64M").start()) {
        assertThat(newcomer.memory("MemTotal")).isEqualTo(64 * MIB);
        assertThat(newcomer.read("/proc/loadavg")).containsPattern("/[1-9] ");
      }
      victim.assertHasReadOn(WAIT);
      assertThat(daemon.get("/q/metrics").body())
          .doesNotContainPattern("podproc_fallbacks_total\\{[^}]*} [1-9]");
    }
  }

  /**
   * It says that it is a file of podproc's whose daemon is gone, at a path that can't be looked up.
   */
  @Test
  @Tag("integration")
  void a_container_whose_file_system_never_answers_where_files_are_repaired() throws Exception {
    DaemonProcess killed = serve();
    try (DaemonProcess _ = killed;
        Container reader = Container.of(killed).memory("96M").start();
        Container attacker = Container.of(killed).memory("128M").start()) {
      Path evil = Files.createDirectory(folder.resolve("evil"));
      String script = Machine.checkout().resolve("e2e/src/test/resources/shapes.py").toString();
      String _ =
          attacker
              .run(
                  "unshare -U -r -m /usr/bin/python3 -I -S %s repair %s %s &"
                      .formatted(script, killed.mountPoint(), evil))
              .ok();
      Command.await(
          "it is mounted",
          Machine.deadline(20),
          () -> attacker.run("pgrep -x shape").status() == 0);
      killed.kill();
      DaemonProcess next = Start.with().at(killed.mountPoint()).launch().awaitServing();
      try {
        Command.await(
            "it is through", Machine.deadline(5), () -> next.output().contains(" namespaces, "));
        assertThat(next.output())
            .contains("/x/y is not repaired: a file system of its own would have")
            .doesNotContain("no answer within");
        assertThat(reader.memory("MemTotal")).isEqualTo(96 * MIB);
        assertThat(waiting(next)).isEmpty();
      } finally {
        next.kill(); // which a thread that waits for an answer would not let happen
      }
    }
  }

  /**
   * It has a procfs where the node keeps one in containers that may mount, in a /dev of its own.
   */
  @Test
  @Tag("integration")
  void a_container_whose_dev_never_answers_where_files_are_taken_away() throws Exception {
    Path log = folder.resolve("log");
    try (DaemonProcess daemon = serve();
        Container reader = Container.of(daemon).memory("96M").start();
        Container attacker = Container.of(daemon).memory("128M").start()) {
      String script = Machine.checkout().resolve("e2e/src/test/resources/shapes.py").toString();
      String _ =
          attacker.run("unshare -U -r -m /usr/bin/python3 -I -S " + script + " spare - - &").ok();
      Command.await(
          "it is mounted",
          Machine.deadline(20),
          () -> attacker.run("pgrep -x shape").status() == 0);
      Process release =
          Command.start(
              List.of(
                  Machine.checkout().resolve("daemon/bin/podproc-daemon").toString(),
                  "-Dpodproc.mount-point=" + daemon.mountPoint(),
                  "release"),
              Map.of(),
              Redirect.to(log.toFile()));
      try {
        boolean ended = release.waitFor(Machine.deadline(20).toMillis(), TimeUnit.MILLISECONDS);
        assertThat(ended).as("released").isTrue();
      } finally {
        attacker.close(); // what waits for its answer ends with it
        release.destroyForcibly();
      }
      assertThat(Machine.read(log))
          .contains("/dev/.podproc/proc spare -> failed, a file system of its own would have to be")
          .doesNotContain("no answer within");
      assertThat(reader.memory("MemTotal")).isGreaterThan(96 * MIB);
    }
  }

  /** Threads that wait for the answer of a file system, as the kernel says. */
  private static String waiting(DaemonProcess daemon) {
    return Command.bash(
            "grep -l request_wait_answer /proc/" + daemon.pid() + "/task/*/wchan || true")
        .ok();
  }
}
