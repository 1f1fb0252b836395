// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that stops, in a cluster where its DaemonSet is there, is gone, or can't be told. */
@Tag("repair")
class UninstallIT {
  private static final String QUESTION =
      "GET /apis/apps/v1/namespaces/podproc/daemonsets/podproc-daemon";

  private static final String ALIVE =
      "{\"kind\":\"DaemonSet\",\"metadata\":{\"name\":\"podproc-daemon\"}}";

  private static final String GONE =
      "{\"kind\":\"Status\",\"details\":{\"name\":\"podproc-daemon\"}}";

  /** Says what it sees whenever that has changed, and each error. */
  private static final String READER =
      """
      before=
      while :; do
        for file in $files; do
          read -r line <$file || echo "dead $file"
        done
        read -r line </proc/meminfo
        case $line in *' 98304 kB') now=live ;; *) now=host ;; esac
        [ "$now" = "$before" ] || echo "$now"
        before=$now
      done
      """;

  private interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private final CountDownLatch end = new CountDownLatch(1);

  @TempDir Path folder;
  private Path shared;
  private Path run;
  private PodApiServer server;
  private volatile Answer answer = status(200, ALIVE);

  @BeforeEach
  void start() throws IOException {
    Requirements.mount();
    // As the parent of the mount point is on a node.
    shared = Files.createDirectory(folder.resolve("shared"));
    String _ =
        Command.bash("mount --bind %1$s %1$s && mount --make-shared %1$s".formatted(shared)).ok();
    run = Files.createDirectory(folder.resolve("run"));
    server =
        new PodApiServer(
            Files.createDirectory(folder.resolve("account")),
            exchange -> {
              try {
                (exchange.getRequestMethod().equals("GET") ? answer : status(200, "{}"))
                    .to(exchange);
              } catch (InterruptedException e) {
                throw Command.interrupted(e);
              }
            });
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.close();
    String _ = Command.run("umount", "-l", shared.toString()).ok();
  }

  private static Answer status(int status, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private DaemonProcess launch() {
    return server
        .inPod(
            Start.with(
                    "-Dpodproc.run-directory=" + run,
                    "-Dpodproc.node-name=n1",
                    "-Dpodproc.daemon-set=podproc/podproc-daemon")
                .at(shared.resolve("podproc")))
        .launch();
  }

  /** Reads in the background of a container, and returns what it says. */
  private Path read(Container container, DaemonProcess daemon) throws IOException {
    String files =
        daemon.files().stream()
            .filter(file -> !file.equals("/proc/diskstats")) // empty until a disk is used
            .filter(file -> Files.exists(Path.of(file)))
            .collect(Collectors.joining(" "));
    Path script = Files.writeString(folder.resolve("script"), "files='" + files + "'\n" + READER);
    Path log = Files.createFile(folder.resolve("log"));
    String _ = container.run("bash " + script + " >" + log + " 2>/dev/null &").ok();
    awaitLast(log, "live");
    return log;
  }

  private static List<String> said(Path log) {
    return Machine.read(log).lines().toList();
  }

  private static void awaitLast(Path log, String state) {
    Command.await(
        "the container sees what is " + state,
        Machine.deadline(15),
        () -> !said(log).isEmpty() && said(log).getLast().equals(state));
  }

  private List<String> questions() {
    return server.heard().stream().filter(QUESTION::equals).toList();
  }

  private static Container small(DaemonProcess daemon) {
    return Container.of(daemon).memory("96M").start();
  }

  private static void assertReleased(DaemonProcess daemon, Container container, Path log) {
    awaitLast(log, "host");
    assertThat(said(log)).containsExactly("live", "host");
    assertThat(Machine.read("/proc/" + container.pid() + "/mountinfo"))
        .doesNotContain(daemon.mountPoint() + " ");
    assertThat(daemon.isMounted()).isFalse();
    assertThat(Files.isSymbolicLink(daemon.file("/proc/meminfo"))).isTrue();
    assertThat(daemon.output())
        .doesNotContain("WARN", "can't")
        .containsPattern(
            "podproc: released \\d+ mounts in \\d+ namespaces, 0 failed\\n.* stopping to serve .*\\s*$");
  }

  @Test
  void its_containers_get_the_hosts_files_when_it_is_gone_and_nobody_reads_an_error()
      throws IOException {
    answer = status(404, GONE);
    try (KeeperProcess _ = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      assertThat(daemon.stop()).isZero();
      assertReleased(daemon, container, log);
      assertThat(server.heard())
          .contains(
              "PATCH /api/v1/nodes/n1 {\"metadata\":{\"labels\":{\"podproc.io/ready\":null}}}");
    }
  }

  @Test
  void its_mount_waits_for_the_next_daemon_when_it_is_there() throws IOException {
    try (KeeperProcess _ = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      assertThat(daemon.stop()).isZero();
      assertThat(questions()).hasSize(1);
      assertThat(daemon.isMounted()).isTrue();
      assertThat(daemon.output()).doesNotContain("WARN", "podproc: ");
      try (DaemonProcess _ = launch().awaitServing()) {
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
        assertThat(said(log)).containsExactly("live");
      }
    }
  }

  @Test
  void nobody_is_asked_when_another_daemon_stands_by() throws IOException {
    answer = status(404, GONE);
    try (KeeperProcess _ = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      try (DaemonProcess next = launch()) {
        Command.await(
            "it stands by",
            Machine.deadline(30),
            () -> next.output().contains(DaemonProcess.SERVING));
        assertThat(next.output()).contains("standing by").doesNotContain("went on");
        assertThat(daemon.stop()).isZero();
        assertThat(questions()).as(daemon.output() + next.output()).isEmpty();
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
        assertThat(said(log)).containsExactly("live");
      }
    }
  }

  @Test
  void a_deaf_API_server_does_not_hold_up_its_stop() throws IOException {
    answer = exchange -> end.await();
    try (KeeperProcess _ = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path _ = read(container, daemon);
      long start = System.nanoTime();
      assertThat(daemon.stop()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(daemon.isMounted()).isTrue();
      assertThat(daemon.output())
          .contains("whether podproc/podproc-daemon is uninstalled can't be");
    }
  }

  /** As Helm uninstalls: rights go with the DaemonSet, the keepers a moment later. */
  @Test
  void without_the_right_to_ask_the_end_of_the_keepers_tells() throws IOException {
    try (KeeperProcess keeper = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      answer =
          exchange -> {
            status(403, "{}").to(exchange);
            exchange.close();
            keeper.close();
          };
      assertThat(daemon.stop()).isZero();
      assertReleased(daemon, container, log);
    }
  }

  @Test
  void without_the_right_to_ask_a_keeper_that_stays_keeps_the_mount() throws IOException {
    answer = status(403, "{}");
    try (KeeperProcess _ = new KeeperProcess(run, 60);
        DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.isMounted()).isTrue();
      assertThat(said(log)).containsExactly("live");
      assertThat(daemon.output()).contains("403");
    }
  }

  @Test
  void without_keepers_its_containers_get_the_hosts_files_all_the_same() throws IOException {
    answer = status(404, GONE);
    try (DaemonProcess daemon = launch().awaitServing();
        Container container = small(daemon)) {
      Path log = read(container, daemon);
      assertThat(daemon.stop()).isZero();
      awaitLast(log, "host");
      assertThat(said(log)).containsExactly("live", "host");
      assertThat(daemon.isMounted()).isFalse();
    }
  }
}
