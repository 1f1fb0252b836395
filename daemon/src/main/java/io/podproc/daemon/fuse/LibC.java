// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import jnr.ffi.LibraryLoader;

/** What podproc calls of the C library. */
public interface LibC {
  LibC INSTANCE = LibraryLoader.create(LibC.class).load("c");

  /** umount2(2): detaches at once, and frees when the last user is gone. */
  int MNT_DETACH = 2;

  /** umount2(2). */
  int umount2(String target, int flags);
}
