// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A file system that does as it is told: {@code stubborn.py}. */
final class Stubborn implements AutoCloseable {
  private final Process process;

  Stubborn(Path mountPoint, String type, String source, String... wrapper) throws IOException {
    List<String> command = new ArrayList<>(List.of(wrapper));
    command.addAll(
        List.of(
            "/usr/bin/python3",
            "-I",
            "-S",
            Machine.checkout().resolve("e2e/src/test/resources/stubborn.py").toString(),
            mountPoint.toString(),
            type,
            source));
    process = Command.start(command, Map.of(), Redirect.PIPE);
    assertThat(process.inputReader().readLine()).isEqualTo("ready");
  }

  void tell(String order) throws IOException {
    process.outputWriter().write(order + "\n");
    process.outputWriter().flush();
    assertThat(process.inputReader().readLine()).isEqualTo(order);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    Command.await("it ends", Machine.deadline(10), () -> !process.isAlive());
  }
}
