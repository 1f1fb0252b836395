// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.log.Log;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The mounted tree, from the checks before it is mounted to its unmounting. */
public final class FuseMount implements Mount {
  /** Requests are read from it, and answers written to it. */
  public static final Path DEVICE = Path.of("/dev/fuse");

  /** How long the kernel waits for an answer; there since Linux 6.14 (fs/fuse/sysctl.c). */
  private static final Path TIMEOUT = Path.of("/proc/sys/fs/fuse/default_request_timeout");

  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(2);

  private final MountPoint mountPoint;
  private final List<Thread> workers;

  private FuseMount(MountPoint mountPoint, List<Thread> workers) {
    this.mountPoint = mountPoint;
    this.workers = workers;
  }

  /**
   * Mounts the tree and serves it in a few threads.
   *
   * @param path the mount point, made if need be; a mount that a daemon left there when it was
   *     killed is cleared away
   * @param placeholders lays what the mount covers, before it is known whether anything can be
   *     mounted
   * @throws MountException it can't be done, or something is mounted there that serves
   */
  public static FuseMount mount(
      Transport transport, Path path, VirtualTree tree, Opener opener, Consumer<Path> placeholders)
      throws MountException, InterruptedException {
    MountPoint mountPoint = new MountPoint(path);
    mountPoint.clear(tree);
    placeholders.accept(path);
    check();
    warnOfTimeout();
    CountDownLatch initialized = new CountDownLatch(1);
    FuseMount mount =
        new FuseMount(mountPoint, transport.mount(path, tree, opener, initialized::countDown));
    mount.awaitServing(initialized);
    return mount;
  }

  /** Checks what it takes to mount: the device, and that mounts may be made. */
  public static void check() throws MountException {
    checkDevice();
    checkPrivilege();
  }

  /** With one the kernel ends the whole connection when an answer is late, as while we restart. */
  public static void warnOfTimeout() {
    try {
      String seconds = Files.readString(TIMEOUT).strip();
      if (!seconds.equals("0")) {
        Log.warn("%s is %s s: set it to 0, or files may fail after a pause", TIMEOUT, seconds);
      }
    } catch (IOException e) {
      // This kernel has none.
    }
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

  private void awaitServing(CountDownLatch initialized)
      throws MountException, InterruptedException {
    if (!initialized.await(MOUNT_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      close();
      throw new MountException("the kernel did not answer the mount of " + mountPoint.path());
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
  public Optional<String> turnHolder() {
    return Optional.empty();
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
    mountPoint.detach();
  }

  @Override
  public void heartbeat() {}

  /** Unmounts. Containers that have files bound keep them until they go. */
  @Override
  public void close() {
    if (serves()) {
      try {
        mountPoint.detach();
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
