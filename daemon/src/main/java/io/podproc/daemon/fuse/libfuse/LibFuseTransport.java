// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.libfuse;

import io.podproc.daemon.fuse.Attributes;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.Transport;
import io.podproc.daemon.fuse.kernel.KernelTransport;
import io.podproc.daemon.fuse.kernel.SelinuxContext;
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
public record LibFuseTransport(SelinuxContext context) implements Transport {
  /** As {@link KernelTransport}'s, and two more as its callbacks take longer. */
  private static final int WORKERS = 4;

  private static final String OPTIONS =
      String.join(
          ",",
          "ro",
          "noexec",
          "allow_other",
          "direct_io", // each read is to be fresh
          "use_ino",
          "nonempty", // what lies beneath serves while no daemon does
          // A close is a request in the background. By default 12 of them may wait, and under load
          // the rest, and the texts that they hold, would pile up behind the reads.
          "max_background=65535",
          "subtype=podproc",
          "entry_timeout=" + Attributes.CACHED,
          "attr_timeout=0"); // sizes are each caller's own

  @Override
  public List<Thread> mount(Path mountPoint, VirtualTree tree, Opener opener, Runnable initialized)
      throws MountException, InterruptedException {
    LibFuse libFuse = load();
    FuseAdapter adapter = new FuseAdapter(libFuse, tree, opener, initialized);
    Pointer fuse = setUp(libFuse, adapter, mountPoint);
    return IntStream.rangeClosed(1, WORKERS)
        .mapToObj(number ->
            Thread.ofPlatform().daemon().name("fuse-" + number).start(() -> adapter.serve(fuse)))
        .toList();
  }

  private static LibFuse load() throws MountException {
    try {
      return LibFuse.load();
    } catch (UnsatisfiedLinkError e) {
      throw new MountException(
          "libfuse.so.2 can't be loaded: install it (Debian: libfuse2, since 13 libfuse2t64)");
    }
  }

  private Pointer setUp(LibFuse libFuse, FuseAdapter adapter, Path mountPoint)
      throws MountException, InterruptedException {
    // by which repair knows what is whose
    String source = mountPoint.normalize().toString().replaceAll("([\\\\,])", "\\\\$1");
    String label = context.option(mountPoint);
    String[] arguments = {
      "podproc", "-f", mountPoint.toString(), "-o", OPTIONS + label + ",fsname=" + source
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
