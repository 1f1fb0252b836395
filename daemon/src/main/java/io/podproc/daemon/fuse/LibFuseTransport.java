// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import jnr.ffi.Pointer;
import jnr.ffi.Struct;
import jnr.ffi.byref.IntByReference;
import jnr.ffi.byref.PointerByReference;

/** libfuse 2, through jnr-fuse. */
final class LibFuseTransport implements Transport {
  /** As {@link KernelTransport}'s, and two more as its callbacks take longer. */
  private static final int WORKERS = 4;

  /** The tree never changes, so neither do its entries and attributes; seconds. */
  private static final int CACHED = 3600;

  private static final String OPTIONS =
      String.join(
          ",",
          "ro",
          "noexec",
          "allow_other",
          "default_permissions", // the kernel checks the mode, slabinfo's 0400
          "direct_io", // sizes are 0, and each read is to be fresh
          "use_ino",
          "nonempty", // what lies beneath serves while no daemon does
          // A close is a request in the background. By default 12 of them may wait, and under load
          // the rest, and the texts that they hold, would pile up behind the reads.
          "max_background=65535",
          "subtype=podproc",
          "entry_timeout=" + CACHED,
          "attr_timeout=" + CACHED);

  private final LibFuse libFuse;

  LibFuseTransport() throws MountException {
    try {
      libFuse = LibFuse.load();
    } catch (UnsatisfiedLinkError e) {
      throw new MountException(
          "libfuse.so.2 can't be loaded: install it (Debian: libfuse2, since 13 libfuse2t64)");
    }
  }

  @Override
  public List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable greeted)
      throws MountException {
    FuseAdapter adapter = new FuseAdapter(libFuse, tree, opener, greeted);
    Pointer fuse = setUp(adapter, mountPoint);
    return IntStream.rangeClosed(1, WORKERS)
        .mapToObj(number ->
            Thread.ofPlatform().daemon().name("fuse-" + number).start(() -> adapter.serve(fuse)))
        .toList();
  }

  private Pointer setUp(FuseAdapter adapter, Path mountPoint) throws MountException {
    // by which repair knows what is whose
    String source = mountPoint.normalize().toString().replaceAll("([\\\\,])", "\\\\$1");
    String[] arguments = {
      "podproc", "-f", mountPoint.toString(), "-o", OPTIONS + ",fsname=" + source
    };
    Pointer fuse =
        libFuse.fuse_setup(
            arguments.length,
            arguments,
            adapter.operations(),
            Struct.size(adapter.operations()),
            new PointerByReference(),
            new IntByReference(),
            null);
    if (fuse == null) {
      throw new MountException("libfuse could not mount " + mountPoint + ", see its line above");
    }
    return fuse;
  }
}
