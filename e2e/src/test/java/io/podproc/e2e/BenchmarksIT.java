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
}
