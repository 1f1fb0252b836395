// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The mounted tree, from the checks before it is mounted to its unmounting. */
public final class FuseMount implements Mount {
  static final Path DEVICE = Path.of("/dev/fuse");

  /** The file system type. What is mounted there names its mount point as its source. */
  public static final String TYPE = "fuse.podproc";

  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(5);
  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(2);

  private final Path mountPoint;
  private final List<Thread> workers;

  private FuseMount(Path mountPoint, List<Thread> workers) {
    this.mountPoint = mountPoint;
    this.workers = workers;
  }

  /**
   * Mounts the tree and serves it in a few threads.
   *
   * @param mountPoint made if need be; a mount that a daemon left there when it was killed is
   *     cleared away
   * @param bare is run when nothing is mounted there, before it is known whether anything can be
   * @throws MountException it can't be done, or something is mounted there that serves
   */
  public static FuseMount mount(
      TransportKind kind, Path mountPoint, VirtualTree tree, Opener opener, Runnable bare)
      throws MountException, InterruptedException {
    clear(mountPoint, tree);
    bare.run();
    check();
    Transport transport =
        switch (kind) {
          case KERNEL -> new KernelTransport();
          case LIBFUSE -> new LibFuseTransport();
        };
    CountDownLatch greeted = new CountDownLatch(1);
    FuseMount mount =
        new FuseMount(mountPoint, transport.mount(mountPoint, tree, opener, greeted::countDown));
    mount.awaitServing(greeted);
    return mount;
  }

  /** What it takes to mount. */
  static void check() throws MountException {
    checkDevice();
    checkPrivilege();
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

  /** Whether mounts may be made and changed. */
  public static void checkPrivilege() throws MountException {
    if (!Capabilities.own().canMount()) {
      throw new MountException(
          "mounting needs the capability CAP_SYS_ADMIN: run as root, in Kubernetes privileged");
    }
  }

  /** Detaches what a daemon left behind when it was killed, and makes the directory. */
  static void clear(Path mountPoint, VirtualTree tree) throws MountException, InterruptedException {
    // One probe for all rounds would wait for an answer of the mount before.
    for (Optional<MountInfo.Mount> mount = mounted(mountPoint);
        mount.isPresent() && mount.get().type().startsWith("fuse");
        mount = mounted(mountPoint)) {
      if (!mount.get().type().equals(TYPE)) {
        throw new MountException(
            "the mount point " + mountPoint + " is taken by a mount of type " + mount.get().type());
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
        case DEAD -> detach(mountPoint);
      }
    }
    try {
      Files.createDirectories(mountPoint);
    } catch (IOException e) {
      throw new MountException("the mount point " + mountPoint + " can't be made: " + e);
    }
  }

  static void detach(Path mountPoint) throws MountException {
    try (Arena arena = Arena.ofConfined()) {
      if (new SystemCalls(arena).umount2(mountPoint.toString(), SystemCalls.MNT_DETACH) != 0) {
        throw new MountException(
            "the mount at " + mountPoint + " can't be unmounted: umount -l it by hand");
      }
    }
  }

  static Optional<MountInfo.Mount> mounted(Path mountPoint) throws MountException {
    try {
      return MountInfo.ownAt(mountPoint);
    } catch (IOException e) {
      throw new MountException("/proc/self/mountinfo can't be read: " + e.getMessage());
    }
  }

  private void awaitServing(CountDownLatch greeted) throws MountException, InterruptedException {
    if (!greeted.await(MOUNT_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      close();
      throw new MountException("the kernel did not answer the mount of " + mountPoint);
    }
  }

  /**
   * Whether anybody is served: false once the mount is gone, from outside as well, and no container
   * has a file of it.
   */
  @Override
  public boolean serves() {
    return workers.stream().anyMatch(Thread::isAlive);
  }

  @Override
  public boolean hasTurn() {
    return true;
  }

  @Override
  public boolean hasSuccessor() {
    return false;
  }

  @Override
  public boolean isKept() {
    return false;
  }

  @Override
  public void unmount() throws MountException {
    detach(mountPoint);
  }

  @Override
  public void beat() {}

  /** Unmounts. Containers that have files bound keep them until they go. */
  @Override
  public void close() {
    if (serves()) {
      try {
        detach(mountPoint);
      } catch (MountException e) {
        // Somebody else has unmounted it.
      }
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
