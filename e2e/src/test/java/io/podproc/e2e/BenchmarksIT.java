// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Their programs are compiled when they start, which is seldom. */
class BenchmarksIT {
  @Test
  void all_programs_compile(@TempDir Path folder) throws IOException {
    Path jar = Machine.checkout().resolve("daemon/target/podproc-daemon.jar");
    assertThat(jar).exists();
    List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/javac"));
    command.addAll(List.of("-proc:none", "-d", folder.toString(), "-cp", jar.toString()));
    try (Stream<Path> files = Files.list(Machine.checkout().resolve("e2e/bench"))) {
      files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(command::add);
    }
    assertThat(command).hasSizeGreaterThan(10);
    String _ = Command.run(command.toArray(String[]::new)).ok();
  }

  @Test
  void the_report_has_a_row_for_each_case_and_judges_each_bar(@TempDir Path folder)
      throws IOException {
    Path records = folder.resolve("records");
    Path json = folder.resolve("json");
    Files.writeString(
        records,
        """
        about\t\tmachine\tcpus\t2
        start\t\tpodproc\tp50_ms\t412.4
        start\t\tlxcfs\tp50_ms\t20.5
        files\tfile=/proc/stat;readers=1\tpodproc\tp50_us\t60
        files\tfile=/proc/stat;readers=1\tlxcfs\tp50_us\t100
        files\tfile=/proc/stat;readers=1\tpodproc\tcpu_to_lxcfs\t1.25
        """);
    Output output =
        Command.run(
            "python3",
            "-B",
            Machine.checkout().resolve("e2e/bench/report.py").toString(),
            records.toString(),
            "--json",
            json.toString());
    assertThat(output.status()).as("a file costs more than lxcfs").isEqualTo(3);
    assertThat(output.text())
        .contains("machine: 2")
        .containsPattern("\\n *\\| +412 +\\| +21 +\\| +412\n")
        .containsPattern("\\nstat +1 +\\| +60 +\\| +100 ")
        .contains("MISSED   0 of 1   p50 <= 1/2 of lxcfs, but: /proc/stat 1 0.600 (x 1.20)")
        .contains("met      1 of 1   start to the first answered read <= 1000 ms");
    assertThat(Files.readString(json)).contains("\"p50_ms\": 412.4");
  }

  @Test
  void what_a_page_gets_is_what_was_measured_where_lxcfs_has_the_file(@TempDir Path folder)
      throws IOException {
    Path page = folder.resolve("page");
    StringBuilder records =
        new StringBuilder(
            """
            about\t\tdate\ttext\t2026-11-30T12:00:00Z
            about\t\tmachine\ttext\t2 CPUs, Linux 6.18.5, cgroup v1, load 0.1 at the start
            about\t\tlxcfs\ttext\t5.0.3 -l
            """);
    for (int readers : List.of(1, 4, 16)) {
      for (String server : List.of("podproc", "libfuse", "floor", "lxcfs")) {
        String row = "files\tfile=/proc/stat;readers=" + readers + "\t" + server + "\t";
        records.append(row).append("cpu_us\t").append(readers + server.length()).append('\n');
        records.append(row).append("p50_us\t").append(10 * readers).append('\n');
      }
      String alone = "files\tfile=/proc/vmstat;readers=" + readers + "\tpodproc\t";
      records.append(alone).append("cpu_us\t90\n").append(alone).append("p50_us\t90\n");
    }
    String _ =
        Command.run(
                "python3",
                "-B",
                Machine.checkout().resolve("e2e/bench/report.py").toString(),
                Files.writeString(folder.resolve("records"), records).toString(),
                "--page",
                page.toString())
            .ok();
    assertThat(page)
        .hasContent(
            """
            2026-11-30, 2 CPUs, Linux 6.18.5, cgroup v1, 5.0.3:

            | | CPU: podproc | through libfuse | constant text | lxcfs | p50: podproc | lxcfs |
            |---|---|---|---|---|---|---|
            | stat | 8 · 11 | 8 · 11 | 6 · 9 | 6 · 9 | 10 · 40 | 10 · 40 |
            """);
  }

  @Test
  void what_was_measured_takes_the_place_of_what_was_there(@TempDir Path folder)
      throws IOException {
    Path page = folder.resolve("page.md");
    String begin = "above\n<!-- written by a b -->\n";
    String end = "<!-- end -->\n<!-- written by c -->\nother\n<!-- end -->\nbelow\n";
    Files.writeString(page, begin + "old\n| old |\n" + end);
    assertThat(write("new\\ & \n\n| x |\n", page, "a b").status()).isZero();
    String written = begin + "new\\ & \n\n| x |\n" + end;
    assertThat(page).hasContent(written);
    assertThat(write("", page, "a b").status()).isEqualTo(1);
    assertThat(write("text", page, "a").text()).contains("page.md has no place for what a writes");
    Files.writeString(page, "<!-- written by a -->\n");
    assertThat(write("text", page, "a").status()).as("it never ends").isEqualTo(1);
    Files.writeString(page, written);
    assertThat(write("text", page, "none").status()).isEqualTo(1);
    assertThat(page).hasContent(written);
  }

  private static Output write(String text, Path page, String command) {
    return Command.run(
        "bash",
        "-c",
        "printf %s \"$1\" | \"$0\" \"$2\" \"$3\"",
        Machine.checkout().resolve("e2e/bin/write-into").toString(),
        text,
        page.toString(),
        command);
  }

  /** Else a table stays what somebody once copied. */
  @Test
  void what_a_page_says_a_command_writes_the_command_writes() throws IOException {
    Path checkout = Machine.checkout();
    List<String> places;
    try (Stream<Path> pages = Files.list(checkout.resolve("docs"))) {
      places =
          pages
              .filter(page -> page.toString().endsWith(".md"))
              .flatMap(page ->
                  Pattern.compile("(?m)^<!-- written by (e2e/\\S+) --docs -->$")
                      .matcher(Machine.read(page))
                      .results()
                      .map(place -> page.getFileName() + "\" \"" + place.group(1)))
              .toList();
    }
    assertThat(places).hasSizeGreaterThan(3);
    for (String place : places) {
      String script = place.substring(place.lastIndexOf('"') + 1);
      assertThat(Machine.read(checkout.resolve(script)))
          .containsPattern("write-into\"? \\S*docs/" + place.replace("\"", "\"?") + " --docs\"");
    }
  }
}
