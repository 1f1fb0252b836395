// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.MountPoint;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Has threads that wait for requests get one each: a file of the mount is opened.
 *
 * @param mountPoint where it is mounted, if it is
 */
record Waking(MountPoint mountPoint, VirtualTree tree) {
  /** Gives each thread a request: a file to open. */
  List<InputStream> wake(List<Thread> threads) {
    List<InputStream> opened = new ArrayList<>();
    try {
      for (Thread _ : threads) {
        opened.add(
            Files.newInputStream(mountPoint.path().resolve("./" + tree.files().getFirst().path())));
      }
    } catch (IOException e) {
      // It was unmounted, and they have ended or have others to answer.
    }
    return opened;
  }

  static void close(InputStream file) {
    try {
      file.close();
    } catch (IOException e) {
      // It is closed all the same.
    }
  }
}
