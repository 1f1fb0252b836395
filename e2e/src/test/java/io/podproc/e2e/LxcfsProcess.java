// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Debian's lxcfs on a mount point of its own, with load averages and with quotas counted. */
final class LxcfsProcess implements AutoCloseable {
  private final Path folder;
  private final Path mountPoint;
  private final Process process;

  LxcfsProcess() {
    try {
      folder = Files.createTempDirectory("podproc-lxcfs");
      mountPoint = Files.createDirectory(folder.resolve("mount"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Path log = folder.resolve("log");
    process =
        Command.start(
            List.of(
                "lxcfs",
                "-f",
                "-l",
                "--enable-cfs",
                "-p",
                folder.resolve("pid").toString(),
                mountPoint.toString()),
            Map.of(),
            ProcessBuilder.Redirect.to(log.toFile()));
    Command.await(
        "lxcfs serves",
        Machine.deadline(20),
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError("lxcfs did not start:\n" + Machine.read(log));
          }
          return Files.exists(mountPoint.resolve("proc/uptime"));
        });
  }

  /** Where it serves a file such as /proc/meminfo. */
  Path file(String path) {
    return mountPoint.resolve("./" + path).normalize();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        int _ = process.waitFor();
      }
      while (Machine.read("/proc/self/mountinfo").contains(" " + mountPoint + " ")) {
        String _ = Command.run("umount", "-l", mountPoint.toString()).ok();
      }
      String _ = Command.run("rm", "-rf", "--one-file-system", folder.toString()).ok();
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
