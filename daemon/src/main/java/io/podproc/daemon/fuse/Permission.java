// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.VirtualTree.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Who may read a file that is not for all: what the kernel would say of its own of mode 0400
 * (fs/namei.c:generic_permission). It could be told to check (default_permissions), and would then
 * ask for the attributes at each open.
 */
public final class Permission {
  private static final int FOR_OTHERS = 0004;

  /** access(2). */
  public static final int MAY_READ = 4;

  public static final int MAY_WRITE = 2;
  public static final int MAY_EXECUTE = 1;

  private Permission() {}

  /**
   * Whether a thread may open a file to read it. All files belong to root.
   *
   * @param uid the thread's, as the node's user namespace numbers it
   * @param tid as the node's pid namespace numbers it
   */
  public static boolean toRead(File file, int uid, int tid) {
    return (file.mode() & FOR_OTHERS) != 0 || uid == 0 || mayReadAll(tid);
  }

  /**
   * A capability counts for files of the node's root only in the node's own user namespace
   * (kernel/capability.c:capable_wrt_inode_uidgid).
   */
  private static boolean mayReadAll(int tid) {
    try {
      return userNamespace("self").equals(userNamespace(Integer.toString(tid)))
          && Capabilities.of(tid).canReadAll();
    } catch (IOException e) { // it is gone, or nobody can tell
      return false;
    }
  }

  private static Path userNamespace(String process) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", process, "ns/user"));
  }
}
