// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Programs in shell are run by people on their own machines, and some only on a cluster. */
class ScriptsIT {
  private static final Set<String> NOT_OURS = Set.of(".git", "target");

  @Test
  void all_scripts_pass_shellcheck() throws IOException {
    Requirements.tool("shellcheck");
    List<String> command = new ArrayList<>(List.of("shellcheck"));
    command.addAll(scripts(Machine.checkout()));
    assertThat(command).hasSizeGreaterThan(25).anyMatch(name -> name.endsWith("e2e/kind.sh"));
    String _ = Command.run(command.toArray(String[]::new)).ok();
  }

  private static List<String> scripts(Path folder) throws IOException {
    List<String> scripts = new ArrayList<>();
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.toList()) {
        if (Files.isSymbolicLink(entry) || NOT_OURS.contains(entry.getFileName().toString())) {
          continue;
        }
        if (Files.isDirectory(entry)) {
          scripts.addAll(scripts(entry));
        } else if (begins(entry, "#!/bin/bash") || begins(entry, "#!/bin/sh")) {
          scripts.add(entry.toString());
        }
      }
    }
    return scripts;
  }

  private static boolean begins(Path file, String line) {
    try (InputStream text = Files.newInputStream(file)) {
      return new String(text.readNBytes(line.length()), StandardCharsets.ISO_8859_1).equals(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
