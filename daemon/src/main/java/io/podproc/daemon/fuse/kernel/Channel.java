// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;

/** A worker's way to the kernel: its system calls, and room for a request and the reply. */
final class Channel {
  /** After a request could not be read: there may be memory then. */
  private static final long PAUSE_NANOS = 10_000_000;

  private final Dispatcher dispatcher;
  private final SystemCalls calls;
  private final MemorySegment request;
  private final MemorySegment reply;
  private final ByteBuffer in;
  private final ByteBuffer out;

  /**
   * @param memory lasts as long as this is used
   * @param dispatcher is told where a request can't be read
   */
  Channel(Arena memory, Dispatcher dispatcher) {
    this.dispatcher = dispatcher;
    calls = new SystemCalls(memory);
    request = memory.allocate(Dispatcher.REQUEST_SIZE, 8);
    reply = memory.allocate(Dispatcher.REPLY_SIZE, 8);
    in = request.asByteBuffer().order(ByteOrder.nativeOrder());
    out = reply.asByteBuffer().order(ByteOrder.nativeOrder());
  }

  SystemCalls calls() {
    return calls;
  }

  /** What was read last. */
  ByteBuffer request() {
    return in;
  }

  /** What is to be written next, up to its limit. */
  ByteBuffer reply() {
    return out;
  }

  /** Whether a request could be read at once. */
  boolean isAnyWaiting(Connection from) {
    return calls.events(from.descriptor(), SystemCalls.POLLIN) == SystemCalls.POLLIN;
  }

  /** False: the connection has ended. An interrupted read leaves an empty message. */
  boolean read(Connection from) {
    long length = calls.read(from.descriptor(), request);
    in.position(0).limit((int) Math.max(0, length));
    if (length >= 0
        || length == -Errno.ENOENT // interrupted before it was read
        || length == -Errno.EINTR
        || length == -Errno.EAGAIN) {
      return true;
    }
    if (length == -Errno.EIO
        || length == -Errno.ENOMEM
        || length == -Errno.EMFILE
        || length == -Errno.ENFILE) { // of the one request (fs/fuse/dev.c:fuse_dev_do_read)
      dispatcher.failed(new IOException("error " + -length + " of read(2) of /dev/fuse"));
      LockSupport.parkNanos(PAUSE_NANOS);
      return true;
    }
    if (length != -Errno.ENODEV) { // unmounted, and the last file closed
      Log.error("reading from /dev/fuse: error %d", -length);
    }
    return false;
  }

  /** Answers. */
  void write(Connection from) {
    // ENOENT: the caller was killed meanwhile
    long _ = calls.write(from.descriptor(), reply, out.limit());
  }
}
