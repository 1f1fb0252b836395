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
   * @param initialized called once the kernel's FUSE_INIT is answered
   */
  List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable initialized)
      throws MountException, InterruptedException;
}
