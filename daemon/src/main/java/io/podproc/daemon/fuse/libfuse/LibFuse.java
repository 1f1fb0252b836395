// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.libfuse;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.Out;
import jnr.ffi.byref.IntByReference;
import jnr.ffi.byref.PointerByReference;
import jnr.ffi.types.size_t;
import org.jspecify.annotations.Nullable;
import ru.serce.jnrfuse.struct.FuseOperations;

/**
 * What podproc calls of libfuse 2 itself. jnr-fuse knows fuse_main_real() alone, which serves in
 * threads of libfuse's own, as many as there are requests: attaching them to the JVM and waking
 * each in its turn costs more than most files do.
 */
public interface LibFuse {
  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError it is not installed
   */
  static LibFuse load() {
    return LibraryLoader.create(LibFuse.class).failImmediately().load("libfuse.so.2");
  }

  /** Mounts; null where it can't be done, and standard error says why. */
  @Nullable Pointer fuse_setup(
      int argc,
      String[] argv,
      FuseOperations operations,
      @size_t long operationsSize,
      @Out PointerByReference mountPoint,
      @Out IntByReference multithreaded,
      @Nullable Pointer userData);

  /** Serves in this thread until the tree is unmounted. Any number of threads may be in it. */
  int fuse_loop(Pointer fuse);

  /** The struct fuse_context of the request that this thread serves. */
  Pointer fuse_get_context();
}
