// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.linux.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The threads that read a connection's requests and write the answers. */
final class KernelServer {
  private static final Logger LOG = Logger.getLogger(KernelServer.class);

  /**
   * How many requests are served at once. More would make each cost more: the kernel wakes those
   * that wait in turn, so that all of them run cold.
   */
  private static final int WORKERS = 2;

  private final Conversation conversation;
  private final List<Worker> workers = Stream.generate(Worker::new).limit(WORKERS).toList();
  private volatile Connection connection;
  private volatile boolean leaving;

  KernelServer(Connection connection, Conversation conversation) {
    this.connection = connection;
    this.conversation = conversation;
  }

  List<Thread> start() {
    return workers.stream()
        .map(worker ->
            Thread.ofPlatform()
                .daemon()
                .name("fuse-" + (workers.indexOf(worker) + 1))
                .start(worker))
        .toList();
  }

  Connection connection() {
    return connection;
  }

  /** From now on each thread ends with the request that it answers next. */
  void leave() {
    leaving = true;
  }

  /** From the request on that it reads after the next, each thread reads through this. */
  void move(Connection other) {
    connection = other;
  }

  /** Whether a thread still reads through it, or answers what it has read. */
  boolean uses(Connection other) {
    return workers.stream().anyMatch(worker -> other.equals(worker.through));
  }

  private final class Worker implements Runnable {
    private volatile @Nullable Connection through;

    @Override
    public void run() {
      serve();
      through = null;
    }

    /** What it says it uses it still may: whoever looks whether it can be closed looks then. */
    private Connection current() {
      Connection current;
      do {
        current = connection;
        through = current;
      } while (current.descriptor() != connection.descriptor());
      return current;
    }

    private void serve() {
      try (Arena arena = Arena.ofConfined()) {
        SystemCalls calls = new SystemCalls(arena);
        MemorySegment request = arena.allocate(Conversation.REQUEST_SIZE, 8);
        MemorySegment reply = arena.allocate(Conversation.REPLY_SIZE, 8);
        ByteBuffer in = request.asByteBuffer().order(ByteOrder.nativeOrder());
        ByteBuffer out = reply.asByteBuffer().order(ByteOrder.nativeOrder());
        while (!leaving) {
          Connection from = current();
          long length = calls.read(from.descriptor(), request);
          if (length == -SystemCalls.ENODEV) {
            return; // unmounted, and the last file closed
          } else if (length >= 0) {
            in.position(0).limit((int) length);
            conversation.answer(in, out);
            if (out.limit() > 0) {
              // ENOENT: the caller was killed meanwhile
              long _ = calls.write(from.descriptor(), reply, out.limit());
            }
          } else if (length != -SystemCalls.ENOENT // interrupted before it was read
              && length != -SystemCalls.EINTR
              && length != -SystemCalls.EAGAIN) {
            LOG.errorf("reading from /dev/fuse: error %d", -length);
            return;
          }
        }
      }
    }
  }
}
