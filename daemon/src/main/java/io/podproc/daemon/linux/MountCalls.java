// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import io.podproc.daemon.linux.Syscall.Structure;
import java.lang.foreign.Arena;

/** System calls that change mounts, or what a thread sees of them. */
public final class MountCalls {
  /** mount(2). */
  public static final int MS_RDONLY = 1;

  public static final int MS_NOSUID = 2;
  public static final int MS_NODEV = 4;
  public static final int MS_NOEXEC = 8;

  /** umount2(2): detaches at once, and frees when the last user is gone. */
  public static final int MNT_DETACH = 2;

  /** open_tree(2): a link that is the path's last part is meant itself. */
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;

  /** open_tree(2): a mount of its own, without what is mounted on it. */
  public static final int OPEN_TREE_CLONE = 1;

  /** move_mount(2): of what descriptors name. */
  static final int MOVE_MOUNT_EMPTY_PATHS = 0x4 | 0x40;

  static final int MOVE_MOUNT_BENEATH = 0x200;

  private static final int AT_FDCWD = -100;
  private static final int AT_EMPTY_PATH = 0x1000;

  private static final int FCHDIR = Syscall.ARM ? 50 : 81;
  private static final int CHROOT = Syscall.ARM ? 51 : 161;
  private static final int UNSHARE = Syscall.ARM ? 97 : 272;
  private static final int SETNS = Syscall.ARM ? 268 : 308;
  private static final int OPEN_TREE = 428;
  private static final int MOVE_MOUNT = 429;
  private static final int MOUNT_SETATTR = 442;
  private static final int MOUNT = Syscall.ARM ? 40 : 165;
  private static final int UMOUNT2 = Syscall.ARM ? 39 : 166;

  private final Syscall kernel;

  MountCalls(Syscall kernel) {
    this.kernel = kernel;
  }

  /** mount(2): 0 or -errno. */
  public int mount(String source, String target, String type, int flags, String options) {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          kernel.call(
              MOUNT,
              Syscall.text(arena, source),
              Syscall.text(arena, target),
              Syscall.text(arena, type),
              flags,
              Syscall.text(arena, options));
    }
  }

  /** umount2(2): 0 or -errno. */
  public int umount2(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(UMOUNT2, Syscall.text(arena, target), flags, 0);
    }
  }

  /** unshare(2): 0 or -errno. */
  public int unshare(int flags) {
    return (int) kernel.call(UNSHARE, flags, 0, 0);
  }

  /** setns(2): 0 or -errno. */
  public int setns(int descriptor, int kind) {
    return (int) kernel.call(SETNS, descriptor, kind, 0);
  }

  /** fchdir(2): 0 or -errno. */
  public int fchdir(int directory) {
    return (int) kernel.call(FCHDIR, directory, 0, 0);
  }

  /** chroot(2): 0 or -errno. */
  public int chroot(String directory) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(CHROOT, Syscall.text(arena, directory), 0, 0);
    }
  }

  /** open_tree(2), Linux 5.2: a descriptor, or -errno. */
  public int openTree(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(OPEN_TREE, AT_FDCWD, Syscall.text(arena, path), flags);
    }
  }

  /** The same, of the mount that a descriptor names. */
  int openTree(int mount, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(OPEN_TREE, mount, Syscall.text(arena, ""), flags | AT_EMPTY_PATH);
    }
  }

  /** move_mount(2), Linux 5.2, of what two descriptors name: 0 or -errno. */
  public int moveMount(int from, int to, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long here = Syscall.text(arena, "");
      return (int) kernel.call(MOVE_MOUNT, from, here, to, here, flags);
    }
  }

  /**
   * mount_setattr(2), Linux 5.12, of the mount that a descriptor names: 0 or -errno.
   *
   * @param set attributes to set
   * @param clear attributes to clear first
   * @param propagation as of mount(2)
   * @param userNamespace a descriptor, where the attributes ask for one
   */
  public int mountSetattr(int mount, long set, long clear, long propagation, int userNamespace) {
    try (Arena arena = Arena.ofConfined()) {
      // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
      Structure attributes = Structure.ofWords(arena, set, clear, propagation, userNamespace);
      return (int)
          kernel.call(
              MOUNT_SETATTR,
              mount,
              Syscall.text(arena, ""),
              AT_EMPTY_PATH,
              attributes.address(),
              attributes.fields().capacity());
    }
  }
}
