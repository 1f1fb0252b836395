// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
}
