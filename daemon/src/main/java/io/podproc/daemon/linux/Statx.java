// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import io.podproc.daemon.linux.Syscall.Structure;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;

/** What statx(2) tells of a descriptor's file. */
final class Statx {
  private static final int STATX = Syscall.ARM ? 291 : 332;
  private static final int AT_EMPTY_PATH = 0x1000;

  /** statx(2). */
  private static final int STATX_TYPE = 1;

  private static final int STATX_MODE_AT = 28;
  private static final int S_IFMT = 0xf000;
  private static final int S_IFLNK = 0xa000;
  private static final int STATX_NLINK = 4;

  private static final int STATX_SIZE = 256;
  private static final int STATX_NLINK_AT = 16;
  private static final int STATX_UID = 8;
  private static final int STATX_UID_AT = 20;
  private static final int STATX_GID = 16;
  private static final int STATX_GID_AT = 24;
  private static final int AT_STATX_DONT_SYNC = 0x4000;

  private final Syscall kernel;

  Statx(Syscall kernel) {
    this.kernel = kernel;
  }

  /** Whom a descriptor's file belongs to, by statx(2), without asking a server for it. */
  Owner owner(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer found = known(arena, descriptor, STATX_UID | STATX_GID);
      return new Owner(found.getInt(STATX_UID_AT), found.getInt(STATX_GID_AT));
    }
  }

  /** Whether a descriptor's file is a symbolic link, without asking a server for it. */
  boolean isLink(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer found = known(arena, descriptor, STATX_TYPE);
      return (found.getShort(STATX_MODE_AT) & S_IFMT) == S_IFLNK;
    }
  }

  /** struct statx, of what the kernel knows; zeros where it knows nothing. */
  private ByteBuffer known(Arena arena, int descriptor, int mask) {
    Structure found = Structure.of(arena, STATX_SIZE);
    int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    long _ = kernel.call(STATX, descriptor, Syscall.text(arena, ""), flags, mask, found.address());
    return found.fields();
  }

  /** How many links a descriptor's file has, by statx(2), or -errno. */
  int links(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      Structure found = Structure.of(arena, STATX_SIZE);
      int error =
          (int)
              kernel.call(
                  STATX,
                  descriptor,
                  Syscall.text(arena, ""),
                  AT_EMPTY_PATH,
                  STATX_NLINK,
                  found.address());
      return error < 0 ? error : found.fields().getInt(STATX_NLINK_AT);
    }
  }
}
