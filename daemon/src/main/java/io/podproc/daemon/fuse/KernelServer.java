// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The threads that read a connection's requests and write the answers. */
final class KernelServer {
  /**
   * How many requests are served at once. More would make each cost more: the kernel wakes those
   * that wait in turn, so that all of them run cold.
   */
  private static final int WORKERS = 2;

  /**
   * A request that comes sooner had been waiting, and there may be more. One that had not needs its
   * caller to be run first and this thread to be woken, which takes longer.
   */
  private static final long AT_ONCE_NANOS = 8_000;

  /** How long those who come meanwhile wait till they are looked for: two or three answers. */
  private static final long GATHER_NANOS = 50_000;

  private final Conversation conversation;
  private final Runnable ended;
  private final AtomicInteger serving = new AtomicInteger(WORKERS);
  private final Backlog backlog = new Backlog();
  private final List<Worker> workers = Stream.generate(Worker::new).limit(WORKERS).toList();
  private volatile Connection connection;
  private volatile boolean leaving;

  /**
   * @param ended is run by the last thread to end where nobody told them to {@link #leave}: the
   *     connection has ended
   */
  KernelServer(Connection connection, Conversation conversation, Runnable ended) {
    this.connection = connection;
    this.conversation = conversation;
    this.ended = ended;
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
    // The backlog first: what a worker takes from it meanwhile, that worker uses.
    return backlog.uses(other) || workers.stream().anyMatch(worker -> other.equals(worker.through));
  }

  private final class Worker implements Runnable {
    private volatile @Nullable Connection through;

    @Override
    public void run() {
      while (serves()) {
        Log.warn("a thread that serves begins anew");
      }
      through = null;
      if (serving.decrementAndGet() == 0 && !leaving) {
        ended.run();
      }
    }

    /** False: there are no more requests. */
    private boolean serves() {
      try (Arena memory = Arena.ofConfined()) {
        new Exchange(memory, this).serve();
        return false;
      } catch (Throwable e) { // of whatever a request comes to, its caller was told
        return true;
      }
    }

    private void use(Connection connection) {
      through = connection;
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
  }

  /** A worker's system calls and buffers. */
  private final class Exchange {
    private final Worker worker;
    private final SystemCalls calls;
    private final MemorySegment request;
    private final MemorySegment reply;
    private final ByteBuffer in;
    private final ByteBuffer out;
    private long gatheredNanos = System.nanoTime();

    Exchange(Arena memory, Worker worker) {
      this.worker = worker;
      calls = new SystemCalls(memory);
      request = memory.allocate(Conversation.REQUEST_SIZE, 8);
      reply = memory.allocate(Conversation.REPLY_SIZE, 8);
      in = request.asByteBuffer().order(ByteOrder.nativeOrder());
      out = reply.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    void serve() {
      boolean goesOn = true;
      while (goesOn) {
        Backlog.Request next = backlog.take(worker::use).orElse(null);
        if (next != null) {
          in.clear().put(next.message()).flip();
          answer(next.from());
          goesOn = leaving || gather();
        } else {
          goesOn = !leaving && serveNext();
        }
      }
    }

    /** Waits for a request, and answers it unless others wait as well. False: there are no more. */
    private boolean serveNext() {
      Connection from = worker.current();
      boolean isShared = conversation.isShared();
      long asked = isShared ? System.nanoTime() : 0;
      if (!read(from)) {
        return false;
      }
      if (isShared && System.nanoTime() - asked < AT_ONCE_NANOS && isAnyWaiting(from)) {
        putAside(from);
        return gather();
      }
      answer(from);
      return true;
    }

    /** Takes over what waits, so that each asker gets a turn. False: there are no more. */
    private boolean gather() {
      if (System.nanoTime() - gatheredNanos < GATHER_NANOS) {
        return true;
      }
      gatheredNanos = System.nanoTime();
      Connection from = worker.current();
      while (!backlog.isFull() && isAnyWaiting(from)) {
        // Another worker may have been faster. It goes on with the backlog, should this one wait.
        if (!read(from)) {
          return false;
        }
        putAside(from);
      }
      return true;
    }

    private boolean isAnyWaiting(Connection from) {
      return calls.events(from.descriptor(), SystemCalls.POLLIN) == SystemCalls.POLLIN;
    }

    private void putAside(Connection from) {
      Object asker = in.hasRemaining() ? conversation.asker(in).orElse(null) : null;
      if (asker == null) {
        answer(from);
        return;
      }
      ByteBuffer message = ByteBuffer.allocate(in.remaining()).put(in).flip();
      backlog.add(asker, new Backlog.Request(from, message));
    }

    /** False: the connection has ended. An interrupted read leaves an empty message. */
    private boolean read(Connection from) {
      long length = calls.read(from.descriptor(), request);
      in.position(0).limit((int) Math.max(0, length));
      if (length >= 0
          || length == -SystemCalls.ENOENT // interrupted before it was read
          || length == -SystemCalls.EINTR
          || length == -SystemCalls.EAGAIN) {
        return true;
      }
      if (length != -SystemCalls.ENODEV) { // unmounted, and the last file closed
        Log.error("reading from /dev/fuse: error %d", -length);
      }
      return false;
    }

    private void answer(Connection from) {
      conversation.answer(in, out);
      if (out.limit() > 0) {
        // ENOENT: the caller was killed meanwhile
        long _ = calls.write(from.descriptor(), reply, out.limit());
      }
    }
  }
}
