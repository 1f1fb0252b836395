// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/**
 * What a kernel may lack, and what is done instead: the log says it once, at the start, and the
 * doctor says it to who asks.
 */
public enum Lack {
  OPEN_TREE(
      "open_tree, move_mount",
      5,
      2,
      "files come to pods by the webhook alone, and none is repaired"),
  PIDFD_GETFD("pidfd_getfd", 5, 6, "keepers are of no use, and the files end with the daemon"),
  /**
   * Of a container's file systems only those are asked that the node has mounted. Other containers
   * are not repaired, and nothing is attached where a mount can't be made read-only.
   */
  RESOLVE_CACHED(
      "openat2 (RESOLVE_CACHED), mount_setattr",
      5,
      12,
      "files are brought only to containers whose root the node has mounted"),
  MOVE_MOUNT_BENEATH(
      "move_mount (MOVE_MOUNT_BENEATH)",
      6,
      5,
      "repair lays live files on dead ones, which stay beneath"),
  NOTIFY_RESEND(
      "FUSE_NOTIFY_RESEND",
      6,
      9,
      "each daemon serves through a descriptor of its own, and what a killed one has in hand ends"
          + " with an error"),
  PASSTHROUGH("FUSE_PASSTHROUGH", 6, 9, "a program that maps a file is killed by SIGBUS"),
  /** The kernel sends FUSE_INIT to no daemon but the one that mounts. */
  ALLOW_IDMAP(
      "FUSE_ALLOW_IDMAP",
      6,
      12,
      "in pods with hostUsers: false attached files belong to nobody, as the kernel's own do, and"
          + " none can be mounted as a volume");

  private final String what;
  private final int major;
  private final int minor;
  private final String instead;

  Lack(String what, int major, int minor, String instead) {
    this.what = what;
    this.major = major;
    this.minor = minor;
    this.instead = instead;
  }

  /** As the kernel calls it. */
  public String what() {
    return what;
  }

  /** The version of Linux that brought it; a distribution may have added it to an older one. */
  public String since() {
    return "Linux " + major + "." + minor;
  }

  /** Whether a version has it. */
  public boolean isIn(int itsMajor, int itsMinor) {
    return itsMajor > major || (itsMajor == major && itsMinor >= minor);
  }

  /** What is done instead. */
  public String instead() {
    return instead;
  }

  /** As a line of the log goes on that has said what the kernel can't. */
  @Override
  public String toString() {
    return "(" + what + ", " + since() + "): " + instead;
  }
}
