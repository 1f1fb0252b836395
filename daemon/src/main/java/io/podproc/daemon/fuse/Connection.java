// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

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
record Connection(int descriptor) {
  private static final long CLONE = 0x8004e500L; // FUSE_DEV_IOC_CLONE
  private static final int RESEND = 7; // FUSE_NOTIFY_RESEND
  private static final String ID = "fuse_connection:";

  /**
   * A new one, mounted.
   *
   * @param held a descriptor of /dev/fuse that nothing was mounted with yet
   */
  static Connection mount(SystemCalls calls, int held, Path mountPoint) throws MountException {
    int error =
        calls.mount(
            mountPoint.normalize().toString(), // by which repair knows what is whose
            mountPoint.toString(),
            FuseMount.TYPE,
            SystemCalls.MS_RDONLY
                | SystemCalls.MS_NOSUID
                | SystemCalls.MS_NODEV
                | SystemCalls.MS_NOEXEC,
            // default_permissions: the kernel checks the mode, slabinfo's 0400
            "fd=" + held + ",rootmode=40555,user_id=0,group_id=0,allow_other,default_permissions");
    if (error < 0) {
      throw new MountException(mountPoint + " can't be mounted: error " + -error + " of mount(2)");
    }
    return new Connection(held);
  }

  static int open(SystemCalls calls) throws MountException {
    int device =
        calls.open(FuseMount.DEVICE.toString(), SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC);
    if (device < 0) {
      throw new MountException("/dev/fuse can't be opened: error " + -device);
    }
    return device;
  }

  /** What a descriptor of /dev/fuse is worth. */
  enum State {
    /** Nothing was mounted with it yet. */
    UNUSED,
    /** A connection that lasts. */
    LIVE,
    /** A connection that the kernel has ended. There is no other use for the descriptor. */
    ENDED
  }

  static State state(SystemCalls calls, int device) throws MountException {
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
  static Optional<String> of(int device) {
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
  boolean share(SystemCalls calls, int unused) {
    return calls.ioctl(unused, CLONE, descriptor) == 0;
  }

  /**
   * Asks for the requests that a server had read and did not answer before it ended. Linux 6.9.
   *
   * @return whether the kernel can do that
   */
  boolean resend(SystemCalls calls) {
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
  Connection own(SystemCalls calls) throws MountException {
    int own = open(calls);
    if (calls.ioctl(own, CLONE, descriptor) != 0) {
      int _ = calls.close(own);
      throw new MountException("the connection of the mount is gone: start again");
    }
    return new Connection(own);
  }
}
