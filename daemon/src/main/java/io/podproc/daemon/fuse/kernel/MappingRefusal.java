// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import io.podproc.daemon.linux.SystemCalls;

/**
 * Has the kernel refuse to map the files into memory, as it does with its own of /proc and /sys.
 * Else it lets them be mapped privately, and whoever looks there is killed by SIGBUS: what is in
 * the page cache all containers would share, so there is nothing in it.
 *
 * <p>The kernel maps what a file is backed by, if it is by any (FOPEN_PASSTHROUGH, Linux 6.9), and
 * files of sysfs can't be mapped (fs/fuse/passthrough.c:fuse_passthrough_mmap,
 * fs/kernfs/file.c:kernfs_fop_mmap). Nothing is ever read from that file: FOPEN_DIRECT_IO goes
 * first.
 */
final class MappingRefusal {
  /** What files are opened with where the kernel can't do that. */
  static final int NONE = 0;

  /**
   * A file is either opened with the same backing by all who have it open, or by nobody. Of the
   * daemons of a connection the first registers one, and none ever takes it back.
   */
  private static final int FIRST = 1;

  private static final long BACKING_OPEN = 0x4010e501L; // FUSE_DEV_IOC_BACKING_OPEN
  private static final long BACKING_CLOSE = 0x4004e502L;

  /** Wherever there is FUSE, and no container's to change. */
  private static final String UNMAPPABLE = "/sys/module/fuse/parameters/max_user_bgreq";

  private MappingRefusal() {}

  /** What a connection's files are to be opened with, or {@link #NONE}. */
  static int of(SystemCalls calls, Connection connection) {
    int file = calls.open(UNMAPPABLE, SystemCalls.O_RDONLY | SystemCalls.O_CLOEXEC);
    if (file < 0) {
      return NONE;
    }
    try {
      int id = calls.ioctl(connection.descriptor(), BACKING_OPEN, file);
      if (id > FIRST) { // numbers are given out in turn: an earlier daemon has the first
        int _ = calls.ioctl(connection.descriptor(), BACKING_CLOSE, id);
      }
      return id < FIRST ? NONE : FIRST;
    } finally {
      int _ = calls.close(file);
    }
  }
}
