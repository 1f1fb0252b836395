// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A node that runs pods and the images that were built here: {@code e2e/bin/node}. Closed, all that
 * ran on it is gone; so it is when the tests die, for then the node reads the end of its input.
 */
final class Node implements AutoCloseable {
  /** A folder of the node's that is shared with containers. It is not the host's. */
  static final Path SHARED = Path.of("/mnt");

  private static final String TOOL = Machine.checkout().resolve("e2e/bin/node").toString();
  private static final String FOLDER = Machine.checkout().resolve("e2e/target/node").toString();

  private final Path log;
  private final Process process;

  /** Builds the images and starts. */
  Node() {
    try {
      log = Files.createTempFile("podproc-node", ".log");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process =
        Command.start(
            List.of(TOOL, "run", FOLDER), Map.of(), ProcessBuilder.Redirect.to(log.toFile()));
    try {
      Command.await(
          "the images are built and the node is ready",
          Machine.deadline(480),
          () -> {
            if (!process.isAlive()) {
              throw new AssertionError("no node:\n" + Machine.read(log));
            }
            return Machine.read(log).lines().anyMatch("ready"::equals);
          });
    } catch (AssertionError e) {
      close();
      throw e;
    }
  }

  /** Runs a command on the node. */
  Output run(String... command) {
    return Command.run(
        Machine.deadline(120),
        Stream.concat(Stream.of(TOOL, "exec", FOLDER), Stream.of(command)).toArray(String[]::new));
  }

  /** Runs a command in a container that runs there, as {@code kubectl exec} does. */
  Output exec(String container, String... command) {
    return run(
        Stream.concat(Stream.of("podman", "exec", container), Stream.of(command))
            .toArray(String[]::new));
  }

  /** Creates what a manifest says, and waits until init containers are done. */
  void play(String manifest) {
    try {
      Path file = Files.createTempFile("podproc-manifest", ".json");
      try {
        // Of annotations podman takes no more than of labels.
        Files.writeString(
            file,
            manifest.replaceAll("(\"cluster-autoscaler[^\"]*\" *: *\")[^\"]*\"", "$1podproc\""));
        String _ = run("podman", "play", "kube", "--network", "none", file.toString()).ok();
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(Machine.deadline(60).toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        int _ = process.waitFor();
      }
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
