// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code podproc ps}, {@code explain} and {@code doctor}, of real containers of pods. */
@Tag("attach")
class ExplainIT {
  private static final String PROGRAM =
      Machine.checkout().resolve("daemon/target/podproc").toString();
  private static final String TOP = "/" + Container.uniqueName();
  private static final String OWN =
      TOP + "/kubepods/burstable/pod" + UUID.randomUUID() + "/" + "d".repeat(64);

  @TempDir static Path folder;
  private static Path run;
  private static Path logs;
  private static DaemonProcess daemon;

  /** Beside all pods, as a pod of its own: that tells it where they are. */
  @BeforeAll
  static void start() throws IOException {
    Requirements.mount();
    Requirements.tool("python3");
    Requirements.tool("busybox");
    run = Files.createDirectory(folder.resolve("run"));
    Path _ = Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
    logs = Files.createDirectory(folder.resolve("logs"));
    Container.limitCgroup(OWN);
    String join =
        Machine.cgroups(OWN).stream()
            .map(path -> "echo $$ >" + path + "/cgroup.procs; ")
            .collect(Collectors.joining());
    daemon =
        Start.with(
                "-Dpodproc.run-directory=" + run,
                "-Dpodproc.node-delivery=true",
                "-Dpodproc.delivery-namespaces=shop",
                "-Dpodproc.pod-logs=" + logs)
            .within("bash", "-ec", join + "exec \"$@\"", "bash")
            .launch();
    DaemonProcess _ = daemon.awaitServing();
    Command.await(
        "it can be asked", Machine.deadline(20), () -> Files.exists(run.resolve("commands")));
  }

  @AfterAll
  static void stop() {
    if (daemon != null) {
      daemon.close();
      Container.removeCgroup(OWN);
    }
  }

  private static Output podproc(String... words) {
    List<String> command = new ArrayList<>(List.of("env", "PODPROC_RUN_DIRECTORY=" + run, PROGRAM));
    command.addAll(List.of(words));
    return Command.run(command.toArray(String[]::new));
  }

  /** A container of a pod, whose name its folder of logs tells, as the kubelet makes it. */
  private static PodOfOne pod(String namespace, String name, String shape) throws IOException {
    String uid = UUID.randomUUID().toString();
    Path _ = Files.createDirectory(logs.resolve(namespace + "_" + name + "_" + uid));
    return new PodOfOne(TOP, uid, shape);
  }

  private static String why(String pod, String file) {
    return podproc("explain", pod)
        .ok()
        .lines()
        .filter(line -> line.startsWith(file + " "))
        .map(line -> line.substring(file.length()).strip().replaceAll(" +", " "))
        .findFirst()
        .orElseThrow();
  }

  /** What came of a container as it started is known by the next look, within a minute. */
  private static void awaitWhy(String pod, String why) {
    Command.await(
        "of " + pod + " it is told that " + why,
        Machine.deadline(80),
        () -> podproc("explain", pod).status() == 0 && why(pod, "/proc/meminfo").equals(why));
    assertThat(why(pod, "/proc/meminfo")).isEqualTo(why);
  }

  // ---- each reason ----

  @Test
  void files_that_the_node_has_brought() throws IOException {
    try (PodOfOne container = pod("shop", "web-1", "masked")) {
      awaitWhy("web-1", "the container brought by the node");
      long pid = container.pid();
      assertThat(Machine.read("/proc/" + pid + "/mountinfo")).contains(" /proc/meminfo ");
      assertThat(podproc("explain", "web-1/main", "-n", "shop").ok())
          .contains("container main of pod shop/web-1\n")
          .contains("its namespace is named in delivery.node.namespaces");
      String row = row("shop/web-1");
      assertThat(row).matches("shop/web-1 main [12] .*/64Mi .* node .* " + pid);
    }
  }

  private static String row(String pod) {
    return podproc("ps")
        .ok()
        .lines()
        .filter(line -> line.startsWith(pod + " "))
        .map(line -> line.replaceAll(" +", " "))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "other, masked, 'the node its namespace is not named in delivery.node.namespaces, and labels do not count there'",
    "podproc, masked, the node pods in podproc's own namespace get no files",
    "kube-system, masked, the node pods in kube-system get no files",
    "shop, unmasked, 'the node left out: it is privileged, and its pod is not labelled'",
    "shop, tmpfs, the node refused: /proc is no proc",
    "shop, shared, the node refused: /proc is shared with others"
  })
  void files_that_are_not_there(String namespace, String shape, String why) throws IOException {
    String name = shape + "-" + namespace;
    try (PodOfOne _ = pod(namespace, name, shape)) {
      awaitWhy(name, why);
      assertThat(row(namespace + "/" + name)).contains(" none ");
    }
  }

  @Test
  void a_file_of_the_pods_own() throws IOException {
    try (PodOfOne _ = pod("shop", "own", "file")) {
      Command.eventually(() ->
          assertThat(why("own", "/proc/loadavg")).isEqualTo("the container brought by the node"));
      assertThat(why("own", "/proc/meminfo"))
          .matches("another mount .* is mounted over it, and stays");
    }
  }

  @Test
  void a_container_of_no_pod_with_files_as_a_volume_has_them() {
    try (Container container = Container.of(daemon).start()) {
      String pid = Integer.toString(container.pid());
      assertThat(podproc("explain", "--pid", pid).ok())
          .contains("it is no container of a pod")
          .containsPattern(
              "/proc/meminfo +the container +mounted as it was made, by the webhook or by hand");
    }
  }

  // ---- each level of limits ----

  /** What the container reads is what the line with the star says, wherever that is. */
  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3"})
  void the_limit_that_counts_is_marked_at_its_level(int levelsUp) {
    String pod = TOP + "-limits/kubepods/burstable/pod" + UUID.randomUUID();
    Path path = Path.of(pod, UUID.randomUUID().toString().replace("-", "").repeat(2));
    String tightest =
        Stream.iterate(path, Path::getParent).skip(levelsUp).findFirst().orElseThrow().toString();
    try (Container container =
        Container.of(daemon).cgroup(path.toString()).memory("256M").start()) {
      Container.limitCgroup(tightest, "--memory", "96M", "--cpus", "0.5");
      Command.eventually(() -> {
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
        String told = podproc("explain", "--pid", Integer.toString(container.pid())).ok();
        assertThat(told)
            .contains("\nMemory: 96Mi, of which ")
            .contains("\nCPUs: 1, of which it may use 0.5\n");
        assertThat(marked(told, "96Mi")).endsWith(tightest);
        assertThat(marked(told, "0.5")).endsWith(tightest);
        // Readers see a new limit above their container's own within a second.
        assertThat(container.run("getconf _NPROCESSORS_ONLN").ok()).isEqualTo("1\n");
      });
    }
  }

  private static String marked(String told, String value) {
    return told.lines()
        .filter(line -> line.strip().startsWith("* ") && line.contains(" " + value + " "))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void a_cpuset_is_told_with_its_level() {
    try (Container container = Container.of(daemon).cpuset("1").start()) {
      String told = podproc("explain", "--pid", Integer.toString(container.pid())).ok();
      assertThat(told).contains("CPUs: 1, of which it may use 1\n");
      assertThat(marked(told, "1")).endsWith(container.cgroup());
    }
  }

  // ---- errors, and who asks too much ----

  private static void assertRefused(Output told, String line) {
    assertThat(told.text()).isEqualTo("podproc: " + line + "\n");
    assertThat(told.status()).isEqualTo(2);
  }

  @Test
  void errors_are_one_line() {
    assertRefused(
        podproc("explain", "nobody"),
        "no container of a pod nobody runs on this node: podproc ps lists them");
    assertRefused(
        podproc("explain", "--pid", "" + ProcessHandle.current().pid()),
        "process "
            + ProcessHandle.current().pid()
            + " is in no container: it sees the node's own files");
    assertRefused(podproc("explain"), "explain what? POD, POD/CONTAINER or --pid N");
    assertRefused(podproc("explain", "x".repeat(5000)), "that is too long");
    Output elsewhere = Command.run("env", "PODPROC_RUN_DIRECTORY=/nonexistent", PROGRAM, "ps");
    assertRefused(elsewhere, "no daemon runs here: /nonexistent/commands");
    assertThat(podproc("--help").ok()).startsWith("usage: podproc ps");
  }

  @Test
  void nobody_but_root_may_ask() {
    assertRefused(
        Command.run(
            "setpriv",
            "--reuid=65534",
            "--clear-groups",
            "env",
            "PODPROC_RUN_DIRECTORY=" + run,
            PROGRAM,
            "ps"),
        "only root may ask: " + run + "/commands");
  }

  private static SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    boolean _ = channel.connect(UnixDomainSocketAddress.of(run.resolve("commands")));
    return channel;
  }

  @Test
  void nonsense_silence_and_a_hundred_at_once_delay_no_reader_and_all_are_answered()
      throws Exception {
    List<SocketChannel> silent = new ArrayList<>();
    try (Container container = Container.of(daemon).memory("96M").start();
        ExecutorService many = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        silent.add(connect()); // asks nothing
        SocketChannel deaf = connect(); // reads nothing
        int _ = deaf.write(ByteBuffer.wrap("ps\0".getBytes(StandardCharsets.UTF_8)));
        SocketChannel _ = deaf.shutdownOutput();
        silent.add(deaf);
      }
      List<Future<Output>> answers = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        answers.add(many.submit(() -> podproc("ps")));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
      }
      for (Future<Output> answer : answers) {
        assertThat(answer.get().ok()).startsWith("POD ");
      }
      try (SocketChannel nonsense = connect()) {
        int _ = nonsense.write(ByteBuffer.wrap(new byte[] {0, -1, 7, 27, 0}));
        SocketChannel _ = nonsense.shutdownOutput();
        assertThat(
                new String(
                    Channels.newInputStream(nonsense).readAllBytes(), StandardCharsets.UTF_8))
            .isEqualTo("2there is ps, explain and doctor\n");
      }
    } finally {
      for (SocketChannel channel : silent) {
        channel.close();
      }
    }
    assertThat(daemon.output()).doesNotContain("command failed");
  }

  // ---- doctor ----

  private static Optional<String> check(String told, String what) {
    return told.lines()
        .filter(line -> line.startsWith(what + "  "))
        .map(line -> line.substring(what.length()).strip().replaceAll(" +", " "))
        .findFirst();
  }

  @Test
  void doctor_of_a_daemon_that_runs() {
    Output told = podproc("doctor");
    assertThat(told.status()).isZero();
    assertThat(check(told.text(), "mount")).contains("ok " + daemon.mountPoint() + " answers");
    assertThat(check(told.text(), "keeper")).contains("degraded none holds the mount");
    assertThat(check(told.text(), "cgroup driver")).contains("ok cgroupfs");
    assertThat(told.text()).contains("instead, keeper: the files end with the daemon\n");
    assertThat(podproc("doctor", "-o", "json").ok())
        .startsWith("{\"checks\":[{\"check\":\"daemon\"");
  }

  @Test
  void doctor_where_no_daemon_runs() {
    Output told =
        Command.run(
            "env",
            "PODPROC_RUN_DIRECTORY=/nonexistent",
            "PODPROC_MOUNT_POINT=/nonexistent",
            PROGRAM,
            "doctor");
    assertThat(told.status()).isEqualTo(1);
    assertThat(check(told.text(), "daemon")).contains("broken none answers here");
    assertThat(check(told.text(), "/dev/fuse")).contains("ok it opens, and mounts may be made");
    assertThat(told.text()).contains("to do, daemon: start it;");
  }

  /** As of a daemon without a keeper, which the chart gives no run directory. */
  @Test
  void doctor_of_a_daemon_that_can_not_be_asked() {
    try (DaemonProcess served = DaemonProcess.serving()) {
      Output told =
          Command.run(
              "env",
              "--unset=PODPROC_RUN_DIRECTORY",
              "PODPROC_MOUNT_POINT=" + served.mountPoint(),
              PROGRAM,
              "doctor");
      assertThat(check(told.text(), "daemon"))
          .contains("degraded a daemon serves, but can't be asked without podproc.run-directory");
      assertThat(check(told.text(), "mount")).contains("ok " + served.mountPoint() + " answers");
      assertThat(told.status()).isZero();
    }
  }

  @Test
  void after_a_kill_there_is_none_and_the_next_one_is_asked() throws IOException {
    Path own = Files.createDirectory(folder.resolve("killed"));
    Start start = Start.with("-Dpodproc.run-directory=" + own);
    try (DaemonProcess killed = start.launch().awaitServing()) {
      awaitAnswer(own);
      killed.kill();
      assertRefused(ask(own), "no daemon runs here: " + own + "/commands");
      try (DaemonProcess _ = start.at(killed.mountPoint()).launch().awaitServing()) {
        awaitAnswer(own);
      }
    }
  }

  private static Output ask(Path directory) {
    return Command.run("env", "PODPROC_RUN_DIRECTORY=" + directory, PROGRAM, "ps");
  }

  private static void awaitAnswer(Path directory) {
    Command.await("it answers", Machine.deadline(20), () -> ask(directory).status() == 0);
  }
}
