// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.Transport;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;

/** The kernel's own protocol, spoken on /dev/fuse with no library between. */
public record KernelTransport(SelinuxContext context, boolean idMapped) implements Transport {
  @Override
  public List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable initialized)
      throws MountException, InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      Connection connection =
          Connection.mount(calls, Connection.open(calls), mountPoint, context, idMapped);
      return new KernelServer(
              connection, new Dispatcher(tree, opener, idMapped, initialized), () -> {})
          .start();
    }
  }
}
