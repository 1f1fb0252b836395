// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.nio.file.Path;
import java.util.List;

/** A way to speak with the kernel's FUSE. */
public interface Transport {
  /**
   * Mounts, and starts the threads that serve until the tree is unmounted.
   *
   * @param greeted called once the kernel has greeted this daemon
   */
  List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable greeted)
      throws MountException, InterruptedException;
}
