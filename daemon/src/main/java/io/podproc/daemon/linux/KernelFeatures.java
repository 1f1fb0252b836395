// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/**
 * Which of the system calls that podproc uses this kernel has. Each is tried with arguments that
 * can't do anything, as a version says little: distributions add to theirs, and a seccomp profile
 * takes away.
 */
public final class KernelFeatures {
  private static final int NONE = -1;

  private KernelFeatures() {}

  /** open_tree(2), Linux 5.2. */
  public static boolean openTree() {
    SystemCalls calls = SystemCalls.ofThread();
    int tree = calls.mounts().openTree("/", SystemCalls.O_CLOEXEC);
    if (tree >= 0) {
      int _ = calls.close(tree);
    }
    return tree >= 0;
  }

  /** move_mount(2), Linux 5.2. */
  public static boolean moveMount() {
    return SystemCalls.ofThread().mounts().moveMount(NONE, NONE, 0) != -Errno.ENOSYS;
  }

  /** mount_setattr(2), Linux 5.12. */
  public static boolean mountSetattr() {
    return SystemCalls.ofThread().mounts().mountSetattr(NONE, 0, 0, 0, 0) != -Errno.ENOSYS;
  }

  /** pidfd_getfd(2), Linux 5.6. */
  public static boolean pidfdGetfd() {
    return SystemCalls.ofThread().processes().copyOf(NONE, 0) != -Errno.ENOSYS;
  }

  /** openat2(2), Linux 5.6. */
  static boolean openat2() {
    return SystemCalls.ofThread().openAt2(NONE, ".", SystemCalls.O_PATH, 0) != -Errno.ENOSYS;
  }

  /**
   * openat2(2) with RESOLVE_CACHED, Linux 5.12: to look up a path without asking a file system for
   * anything. The kernel looks at the flags first (fs/open.c:build_open_flags), and here there is
   * nothing to be looked up.
   */
  public static boolean resolveCached() {
    int result =
        SystemCalls.ofThread().openAt2(NONE, ".", SystemCalls.O_PATH, SystemCalls.RESOLVE_CACHED);
    return result == -Errno.EBADF || result == -Errno.EAGAIN;
  }

  /**
   * move_mount(2) with MOVE_MOUNT_BENEATH, Linux 6.5: to put a mount beneath another. The kernel
   * looks at the flags before it looks at what is to be moved (fs/namespace.c:move_mount), and here
   * that is nothing.
   */
  public static boolean moveMountBeneath() {
    int flags = MountCalls.MOVE_MOUNT_EMPTY_PATHS | MountCalls.MOVE_MOUNT_BENEATH;
    return SystemCalls.ofThread().mounts().moveMount(NONE, NONE, flags) == -Errno.EBADF;
  }
}
