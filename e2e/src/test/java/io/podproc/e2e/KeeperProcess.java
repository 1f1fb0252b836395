// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A keeper that was started by {@code daemon/bin/podproc-keeper}. */
final class KeeperProcess implements AutoCloseable {
  private final Path runDirectory;
  private final Process process;

  /**
   * @param patience how long it waits for a daemon, in seconds
   */
  KeeperProcess(Path runDirectory, int patience) {
    this.runDirectory = runDirectory;
    this.process =
        Command.start(
            List.of(
                Machine.checkout().resolve("daemon/bin/podproc-keeper").toString(),
                runDirectory.toString(),
                Integer.toString(patience)),
            Map.of(),
            ProcessBuilder.Redirect.INHERIT);
    Command.await(
        "a keeper is there",
        Machine.deadline(10),
        () -> Files.exists(runDirectory.resolve("keeper-" + process.pid())));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Whether the kernel says which connection it holds. */
  boolean namesItsConnection() {
    return Machine.read("/proc/" + process.pid() + "/fdinfo/3").contains("fuse_connection:");
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly();
    awaitExit();
  }

  /** Its resident memory, in kB. */
  long memory() {
    return (long)
        Output.number(Machine.read("/proc/" + process.pid() + "/smaps_rollup"), "^Pss:\\s+(\\d+)");
  }

  private void awaitExit() {
    Command.await("the keeper ends", Machine.deadline(10), () -> !process.isAlive());
  }

  /** SIGTERM. */
  @Override
  public void close() {
    process.destroy();
    awaitExit();
    runDirectory.resolve("keeper-" + process.pid()).toFile().delete();
  }
}
