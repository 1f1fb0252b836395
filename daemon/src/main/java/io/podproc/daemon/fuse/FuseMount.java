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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import ru.serce.jnrfuse.FuseException;

/** The mounted tree, from the checks before it is mounted to its unmounting. */
public final class FuseMount implements AutoCloseable {
  private static final Path DEVICE = Path.of("/dev/fuse");
  private static final String TYPE = "fuse.podproc";
  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(5);
  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(2);

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
          "fsname=podproc",
          "subtype=podproc",
          "entry_timeout=" + CACHED,
          "attr_timeout=" + CACHED);

  private final Path mountPoint;
  private final Thread loop;

  private FuseMount(Path mountPoint, Thread loop) {
    this.mountPoint = mountPoint;
    this.loop = loop;
  }

  /**
   * Mounts the tree and serves it in threads of libfuse's own. A mount that a daemon left behind
   * when it was killed is cleared away first.
   *
   * @throws MountException it can't be done
   */
  public static FuseMount mount(Path mountPoint, VirtualTree tree, Opener opener)
      throws MountException, InterruptedException {
    checkDevice();
    checkPrivilege();
    FuseAdapter adapter = load(tree, opener);
    clear(mountPoint, tree);
    try {
      Files.createDirectories(mountPoint);
    } catch (IOException e) {
      throw new MountException("the mount point " + mountPoint + " can't be made: " + e);
    }
    Thread loop =
        Thread.ofPlatform().daemon().name("fuse").unstarted(() -> run(adapter, mountPoint));
    loop.start();
    awaitServing(adapter, loop, mountPoint);
    return new FuseMount(mountPoint, loop);
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

  private static FuseAdapter load(VirtualTree tree, Opener opener) throws MountException {
    try {
      return new FuseAdapter(tree, opener);
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

  private static void run(FuseAdapter adapter, Path mountPoint) {
    try {
      adapter.mount(mountPoint, true, false, new String[] {"-o", OPTIONS});
    } catch (FuseException e) {
      // libfuse has said why on standard error, and whoever waits for it sees it gone.
    }
  }

  private static void awaitServing(FuseAdapter adapter, Thread loop, Path mountPoint)
      throws MountException, InterruptedException {
    long deadline = System.nanoTime() + MOUNT_DEADLINE.toNanos();
    while (!adapter.serving().await(50, TimeUnit.MILLISECONDS)) {
      if (!loop.isAlive()) {
        throw new MountException("libfuse could not mount " + mountPoint + ", see its line above");
      }
      if (System.nanoTime() > deadline) {
        throw new MountException("the kernel did not answer the mount of " + mountPoint);
      }
    }
  }

  /** Unmounts. Containers that have files bound keep them until they go. */
  @Override
  public void close() {
    if (loop.isAlive()) {
      LibC.INSTANCE.umount2(mountPoint.toString(), LibC.MNT_DETACH);
    }
    try {
      // While binds of it last, so does libfuse's loop: it ends with the process.
      loop.join(STOP_DEADLINE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
