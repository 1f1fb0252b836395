// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountPoint;
import io.podproc.daemon.linux.MountCalls;
import io.podproc.daemon.linux.SystemCalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A connection with the kernel's FUSE, for as long as somebody holds it.
 *
 * @param descriptor of /dev/fuse, to read requests from
 */
public record Connection(int descriptor) {
  private static final long CLONE = 0x8004e500L; // FUSE_DEV_IOC_CLONE
  private static final int RESEND = 7; // FUSE_NOTIFY_RESEND
  private static final String ID = "fuse_connection:";

  /**
   * A new one, mounted.
   *
   * @param held a descriptor of /dev/fuse that nothing was mounted with yet
   * @param idMapped whether the mount may be id-mapped
   */
  public static Connection mount(
      SystemCalls calls, int held, Path mountPoint, SelinuxContext context, boolean idMapped)
      throws MountException, InterruptedException {
    // default_permissions: the kernel checks modes itself, for which it asks for attributes at each
    // open. Without, it lets nobody id-map the mount.
    String options = (idMapped ? ",default_permissions" : "") + context.option(mountPoint);
    int error = tryMount(calls, held, mountPoint, options);
    if (error < 0) {
      throw new MountException(mountPoint + " can't be mounted: error " + -error + " of mount(2)");
    }
    return new Connection(held);
  }

  /** Mounts, or returns -errno. The descriptor may be used up all the same. */
  static int tryMount(SystemCalls calls, int held, Path mountPoint, String options) {
    return calls
        .mounts()
        .mount(
            mountPoint.normalize().toString(), // by which repair knows what is whose
            mountPoint.toString(),
            MountPoint.TYPE,
            MountCalls.MS_RDONLY
                | MountCalls.MS_NOSUID
                | MountCalls.MS_NODEV
                | MountCalls.MS_NOEXEC,
            "fd=" + held + ",rootmode=40555,user_id=0,group_id=0,allow_other" + options);
  }

  public static int open(SystemCalls calls) throws MountException {
    int device =
        calls.open(FuseMount.DEVICE.toString(), SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC);
    if (device < 0) {
      throw new MountException("/dev/fuse can't be opened: error " + -device);
    }
    return device;
  }

  /** What a descriptor of /dev/fuse is worth. */
  public enum State {
    /** Nothing was mounted with it yet. */
    UNUSED,
    /** A connection that lasts. */
    LIVE,
    /** A connection that the kernel has ended. There is no other use for the descriptor. */
    ENDED
  }

  public static State state(SystemCalls calls, int device) throws MountException {
    int clone = open(calls);
    try {
      if (calls.ioctl(clone, CLONE, device) != 0) {
        return State.UNUSED;
      }
      return (calls.events(device, 0) & SystemCalls.POLLERR) == 0 ? State.LIVE : State.ENDED;
    } finally {
      int _ = calls.close(clone);
    }
  }

  /**
   * Which connection a descriptor of /dev/fuse belongs to: the minor number of the device that is
   * mounted (fs/fuse/dev.c:fuse_dev_show_fdinfo). Empty on kernels that do not tell.
   */
  public static Optional<String> of(int device) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/fdinfo/" + device))) {
      return lines
          .filter(line -> line.startsWith(ID))
          .map(line -> line.substring(ID.length()).strip())
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /** Lets a keeper's descriptor that nothing was mounted with yet hold this connection as well. */
  public boolean share(SystemCalls calls, int unused) {
    return calls.ioctl(unused, CLONE, descriptor) == 0;
  }

  /**
   * Asks for the requests that a server had read and did not answer before it ended. Linux 6.9.
   *
   * @return whether the kernel can do that
   */
  public boolean resend(SystemCalls calls) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment notification = arena.allocate(FuseMessages.OUT_HEADER, 8);
      notification
          .asByteBuffer()
          .order(ByteOrder.nativeOrder())
          .putInt(FuseMessages.OUT_LENGTH, FuseMessages.OUT_HEADER)
          .putInt(FuseMessages.OUT_ERROR, RESEND);
      return calls.write(descriptor, notification, FuseMessages.OUT_HEADER)
          == FuseMessages.OUT_HEADER;
    }
  }

  /** The same connection through a descriptor whose requests end with whoever read them. */
  public Connection own(SystemCalls calls) throws MountException {
    int own = open(calls);
    if (calls.ioctl(own, CLONE, descriptor) != 0) {
      int _ = calls.close(own);
      throw new MountException("the connection of the mount is gone: start again");
    }
    return new Connection(own);
  }
}
