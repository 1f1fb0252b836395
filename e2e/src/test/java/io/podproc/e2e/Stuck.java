// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A container with many namespaces in each of which a file of the daemon lies on a file system that
 * does not answer.
 */
final class Stuck implements AutoCloseable {
  private final Container container;
  private final Stubborn server;

  /**
   * @param folder for its files
   * @param count of the namespaces
   */
  Stuck(Path folder, DaemonProcess daemon, int count) throws IOException {
    container = Container.of(daemon).memory("256M").start();
    Path hang = Files.createTempDirectory(folder, "hang");
    server =
        new Stubborn(
            hang, "fuse", "hang", "nsenter", "--mount=/proc/" + container.pid() + "/ns/mnt");
    String _ =
        container
            .run(
                """
                mount --bind %s %s/meminfo
                for i in {1..%s}; do unshare --mount --propagation private sleep 1000 & done
                """
                    .formatted(daemon.file("/proc/stat"), hang, count - 1))
            .ok();
    String own = link(container.pid());
    Command.await(
        "all namespaces are there",
        Machine.deadline(30),
        () -> children().filter(pid -> !link(pid).equals(own)).count() == count - 1);
    server.tell("hang");
  }

  private Stream<Long> children() {
    return ProcessHandle.of(container.pid()).orElseThrow().children().map(ProcessHandle::pid);
  }

  private static String link(long pid) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/mnt")).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long lastPid() {
    return children().max(Long::compare).orElseThrow();
  }

  @Override
  public void close() {
    server.close();
    container.close();
  }
}
