// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import jnr.ffi.Pointer;
import jnr.ffi.Struct;
import jnr.ffi.byref.IntByReference;
import jnr.ffi.byref.PointerByReference;
import ru.serce.jnrfuse.struct.FuseOperations;

/** The mounted tree, from the checks before it is mounted to its unmounting. */
public final class FuseMount implements AutoCloseable {
  private static final Path DEVICE = Path.of("/dev/fuse");
  private static final String TYPE = "fuse.podproc";
  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(5);
  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(2);

  /**
   * How many requests are served at once. More would make each cost more: the kernel wakes those
   * that wait in turn, so that all of them run cold.
   */
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
          "fsname=podproc",
          "subtype=podproc",
          "entry_timeout=" + CACHED,
          "attr_timeout=" + CACHED);

  private final Path mountPoint;
  private final List<Thread> workers;

  private FuseMount(Path mountPoint, List<Thread> workers) {
    this.mountPoint = mountPoint;
    this.workers = workers;
  }

  /**
   * Sees to a bare mount point: makes it if need be, and clears away a mount that a daemon left
   * behind when it was killed.
   *
   * @throws MountException it can't be done, or something is mounted there that serves
   */
  public static void prepare(Path mountPoint, VirtualTree tree)
      throws MountException, InterruptedException {
    clear(mountPoint, tree);
    try {
      Files.createDirectories(mountPoint);
    } catch (IOException e) {
      throw new MountException("the mount point " + mountPoint + " can't be made: " + e);
    }
  }

  /**
   * Mounts the tree and serves it in a few threads.
   *
   * @param mountPoint one that is {@linkplain #prepare prepared}
   * @throws MountException it can't be done
   */
  public static FuseMount mount(Path mountPoint, VirtualTree tree, Opener opener)
      throws MountException, InterruptedException {
    checkDevice();
    checkPrivilege();
    LibFuse libFuse = load();
    FuseAdapter adapter = new FuseAdapter(libFuse, tree, opener);
    Pointer fuse = setUp(libFuse, adapter.operations(), mountPoint);
    FuseMount mount = new FuseMount(mountPoint, start(() -> adapter.serve(fuse)));
    mount.awaitServing(adapter);
    return mount;
  }

  private static void checkDevice() throws MountException {
    if (!Files.exists(DEVICE)) {
      throw new MountException(
          "there is no /dev/fuse: load the kernel's module (modprobe fuse) or pass the device in");
    }
    try (FileChannel device =
        FileChannel.open(DEVICE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      // It opens, which is all that is asked.
    } catch (IOException e) {
      throw new MountException("/dev/fuse can't be opened, run as root: " + e.getMessage());
    }
  }

  private static void checkPrivilege() throws MountException {
    if (!Capabilities.own().canMount()) {
      throw new MountException(
          "mounting needs the capability CAP_SYS_ADMIN: run as root, in Kubernetes privileged");
    }
  }

  private static LibFuse load() throws MountException {
    try {
      return LibFuse.load();
    } catch (UnsatisfiedLinkError e) {
      throw new MountException(
          "libfuse.so.2 can't be loaded: install it (Debian: libfuse2, since 13 libfuse2t64)");
    }
  }

  private static void clear(Path mountPoint, VirtualTree tree)
      throws MountException, InterruptedException {
    // One probe for all rounds would wait for an answer of the mount before.
    for (Optional<String> type = mounted(mountPoint);
        type.isPresent() && type.get().startsWith("fuse");
        type = mounted(mountPoint)) {
      if (!type.get().equals(TYPE)) {
        throw new MountException(
            "the mount point " + mountPoint + " is taken by a mount of type " + type.get());
      }
      Path file = mountPoint.resolve("./" + tree.files().getFirst().path());
      switch (new MountProbe(file, ANSWER_DEADLINE).probe()) {
        case ANSWERS ->
            throw new MountException(
                "the mount point " + mountPoint + " is served by another podproc that is alive");
        case HANGS ->
            throw new MountException(
                "the mount point "
                    + mountPoint
                    + " is held by another podproc that does not answer: stop it first");
        case DEAD -> {
          if (LibC.INSTANCE.umount2(mountPoint.toString(), LibC.MNT_DETACH) != 0) {
            throw new MountException(
                "the dead mount at " + mountPoint + " can't be unmounted: umount -l it by hand");
          }
        }
      }
    }
  }

  private static Optional<String> mounted(Path mountPoint) throws MountException {
    try {
      return MountInfo.own().typeAt(mountPoint);
    } catch (IOException e) {
      throw new MountException("/proc/self/mountinfo can't be read: " + e.getMessage());
    }
  }

  private static Pointer setUp(LibFuse libFuse, FuseOperations operations, Path mountPoint)
      throws MountException {
    String[] arguments = {"podproc", "-f", mountPoint.toString(), "-o", OPTIONS};
    Pointer fuse =
        libFuse.fuse_setup(
            arguments.length,
            arguments,
            operations,
            Struct.size(operations),
            new PointerByReference(),
            new IntByReference(),
            null);
    if (fuse == null) {
      throw new MountException("libfuse could not mount " + mountPoint + ", see its line above");
    }
    return fuse;
  }

  private static List<Thread> start(Runnable loop) {
    return IntStream.rangeClosed(1, WORKERS)
        .mapToObj(number -> Thread.ofPlatform().daemon().name("fuse-" + number).start(loop))
        .toList();
  }

  private void awaitServing(FuseAdapter adapter) throws MountException, InterruptedException {
    if (!adapter.serving().await(MOUNT_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      close();
      throw new MountException("the kernel did not answer the mount of " + mountPoint);
    }
  }

  /**
   * Whether anybody is served: false once the mount is gone, from outside as well, and no container
   * has a file of it.
   */
  public boolean serves() {
    return workers.stream().anyMatch(Thread::isAlive);
  }

  /** Unmounts. Containers that have files bound keep them until they go. */
  @Override
  public void close() {
    if (serves()) {
      LibC.INSTANCE.umount2(mountPoint.toString(), LibC.MNT_DETACH);
    }
    try {
      // While binds of it last, so do the workers: they end with the process.
      long deadline = System.nanoTime() + STOP_DEADLINE.toNanos();
      for (Thread worker : workers) {
        worker.join(Duration.ofNanos(deadline - System.nanoTime()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
