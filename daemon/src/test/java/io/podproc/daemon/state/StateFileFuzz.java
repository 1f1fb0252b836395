// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.container.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A state file of any bytes: it is left aside, or what it says can be left to the next. */
public final class StateFileFuzz {
  private static final Path DIRECTORY = directory();

  static {
    Logger.getLogger("").setLevel(Level.OFF); // of each that is left aside there would be a line
  }

  private StateFileFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    StateFile file = new StateFile(DIRECTORY);
    Files.write(DIRECTORY.resolve("state"), input);
    Optional<Snapshot> read = file.read();
    if (read.isPresent()) {
      file.write(read.get());
      assertThat(file.read()).isEqualTo(read);
    }
  }

  private static Path directory() {
    try {
      Path directory = Files.createTempDirectory("podproc-fuzz");
      directory.toFile().deleteOnExit();
      directory.resolve("state").toFile().deleteOnExit();
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
