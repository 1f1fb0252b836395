// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The kernel's own protocol, spoken on /dev/fuse with no library between. */
final class KernelTransport implements Transport {
  private static final Path TIMEOUT = Path.of("/proc/sys/fs/fuse/default_request_timeout");

  @Override
  public List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable greeted)
      throws MountException {
    warnOfTimeout();
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      Connection connection = Connection.mount(calls, Connection.open(calls), mountPoint);
      return new KernelServer(connection, new Conversation(tree, opener, greeted), () -> {})
          .start();
    }
  }

  /** With one the kernel ends the whole connection when an answer is late, as while we restart. */
  static void warnOfTimeout() {
    try {
      String seconds = Files.readString(TIMEOUT).strip();
      if (!seconds.equals("0")) {
        Log.warn("%s is %s s: set it to 0, or files may fail after a pause", TIMEOUT, seconds);
      }
    } catch (IOException e) {
      // This kernel has none.
    }
  }
}
