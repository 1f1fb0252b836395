// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What README.md and docs/by-hand.md have one do on a machine without a cluster, typed as it stands
 * there.
 */
class ByHandIT {
  private static final String PAGE = page("docs/by-hand.md");
  private static final int KIBIBYTES = 64 * 1024;

  @TempDir private Path folder;

  @BeforeAll
  static void check() {
    Requirements.mount();
  }

  private static String page(String file) {
    return Machine.read(Machine.checkout().resolve(file));
  }

  /** The commands of a section. */
  private static List<String> commands(String page, String heading) {
    String section = page.split("\n## " + heading + "\n", -1)[1].split("\n## ", -1)[0];
    return Pattern.compile("(?s)```sh\n(.*?)```")
        .matcher(section)
        .results()
        .flatMap(fence -> fence.group(1).lines())
        .filter(line -> !line.isBlank())
        .toList();
  }

  @Test
  void try_shows_host_and_container_and_leaves_nothing_behind() {
    List<String> commands = commands(page("README.md"), "See it");
    assertThat(commands).hasSize(1);
    assertThat(
            Command.run(
                    Machine.deadline(240),
                    "env",
                    "--chdir=" + Machine.checkout(),
                    "bash",
                    "-c",
                    commands.getFirst())
                .ok())
        .contains("In a container with 1 CPU and 256 MiB")
        .containsPattern("Mem: +\\d+ .* Mem: +256 ")
        .endsWith("Nothing left mounted or running.\n");
  }

  /** But for those that set up and build: that was done to come here. */
  @Test
  void the_daemon_serves_repairs_and_releases() throws Exception {
    List<String> all = commands(PAGE, "Run the daemon by hand");
    assertThat(all).hasSize(7);
    List<String> commands = all.subList(2, all.size());
    assertThat(commands.getFirst()).isEqualTo("mvn -pl daemon package");
    List<AutoCloseable> started = new ArrayList<>();
    try {
      int port = DaemonProcess.freePort();
      Path log = folder.resolve("log");
      Process daemon = serve(commands.get(1), port, log);
      started.add(() -> end(daemon));
      awaitPages(daemon, port, log);

      Path pidFile = folder.resolve("pid");
      Process container = container(daemon.pid(), pidFile);
      started.add(() -> end(container));
      Command.await("it runs", Machine.deadline(30), () -> Files.exists(pidFile));
      String pid = Machine.read(pidFile).strip();
      assertThat(memory(pid)).isEqualTo(KIBIBYTES);

      // Other containers of the machine may have some; this one's are live.
      assertThat(on(daemon, commands.get(2)).ok())
          .contains("would repair ")
          .doesNotContain("pid " + pid);
      assertThat(on(daemon, commands.get(3)).ok()).contains("0 failed");
      assertThat(memory(pid)).isEqualTo(KIBIBYTES);
      assertThat(on(daemon, commands.get(4)).ok()).contains("0 failed");
      assertThat(memory(pid))
          .isEqualTo(Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal"));
    } finally {
      for (AutoCloseable process : started.reversed()) {
        process.close();
      }
    }
  }

  /** In mounts of its own, so that nothing of the machine's is covered. */
  private static Process serve(String command, int port, Path log) {
    return Command.start(
        List.of(
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "bash",
            "-ec",
            "mount -t tmpfs tmpfs /var/lib\ncd '" + Machine.checkout() + "'\nexec " + command),
        Map.of("PODPROC_HTTP_PORT", Integer.toString(port)),
        ProcessBuilder.Redirect.to(log.toFile()));
  }

  /** Where a daemon runs. */
  private static Output on(Process daemon, String command) {
    return Command.run(
        "nsenter",
        "--target=" + daemon.pid(),
        "--mount",
        "--wd=" + Machine.checkout(),
        "bash",
        "-c",
        command);
  }

  private static Process container(long daemon, Path pidFile) {
    return Command.start(
        List.of(
            "nsenter",
            "--target=" + daemon,
            "--mount",
            Container.TOOL.toString(),
            "run",
            "--memory",
            KIBIBYTES + "K",
            "--files",
            "/var/lib/podproc",
            "--pidfile",
            pidFile.toString(),
            "sleep",
            "infinity"),
        Map.of(),
        ProcessBuilder.Redirect.DISCARD);
  }

  private static long memory(String pid) {
    return Output.kilobytes(
        Command.run(Container.TOOL.toString(), "exec", "--pid", pid, "cat", "/proc/meminfo").ok(),
        "MemTotal");
  }

  /** All pages that the table of ports has. */
  private static void awaitPages(Process daemon, int port, Path log) throws Exception {
    String row =
        PAGE.lines().filter(line -> line.startsWith("| daemon, ")).findFirst().orElseThrow();
    List<String> pages =
        Pattern.compile("`(/q/[a-z/]+)`")
            .matcher(row)
            .results()
            .map(page -> page.group(1))
            .toList();
    assertThat(pages).hasSizeGreaterThan(2);
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (String page : pages) {
        Command.await(
            page + " answers",
            Machine.deadline(60),
            () -> {
              if (!daemon.isAlive()) {
                throw new AssertionError(Machine.read(log));
              }
              return status(client, URI.create("http://127.0.0.1:" + port + page)) == 200;
            });
      }
    }
  }

  private static int status(HttpClient client, URI page) {
    try {
      return client
          .send(
              HttpRequest.newBuilder(page).timeout(Machine.deadline(10)).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0; // not yet
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  private static void end(Process process) throws InterruptedException {
    process.destroy();
    int _ = process.waitFor();
  }
}
