// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.linux.SystemCalls;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The threads that read a connection's requests and write the answers. */
public final class KernelServer {
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

  /**
   * So many waiting requests of one owner keep others waiting for a moment too long: from here on
   * they are taken over even where nobody else asks, so that whoever comes finds a short queue.
   */
  private static final int MANY = 64;

  /** After so many requests in a row each thread looks whether there are many. */
  private static final int LOOK_AFTER = 256;

  /** So many are taken over at once at most, some 10 ms, before one is answered again. */
  private static final int GATHER_AT_ONCE = 4096;

  /** Whose so many requests are takes some five times as long to find as an answer. */
  private static final int PLACE_AT_ONCE = 16;

  private final Dispatcher dispatcher;
  private final Runnable ended;
  private final AtomicInteger serving = new AtomicInteger(WORKERS);
  private final Backlog backlog = new Backlog();
  private final CurrentConnection connection;
  private final List<Worker> workers;
  private volatile @Nullable RequestOwners owners;
  private volatile boolean leaving;

  /** Found out when the first file is opened: the kernel can't tell before FUSE_INIT. */
  @GuardedBy("this")
  private OptionalInt backing = OptionalInt.empty();

  /**
   * @param ended is run by the last thread to end where nobody told them to {@link #leave}: the
   *     connection has ended
   */
  public KernelServer(Connection connection, Dispatcher dispatcher, Runnable ended) {
    this.connection = new CurrentConnection(connection);
    this.workers = Stream.generate(Worker::new).limit(WORKERS).toList();
    this.dispatcher = dispatcher;
    this.ended = ended;
  }

  public List<Thread> start() {
    return workers.stream()
        .map(worker ->
            Thread.ofPlatform()
                .daemon()
                .name("fuse-" + (workers.indexOf(worker) + 1))
                .start(worker))
        .toList();
  }

  /** Made when first many wait: most nodes never have so many. */
  private RequestOwners owners() {
    RequestOwners known = owners;
    if (known == null) {
      known = new RequestOwners(System::nanoTime);
      owners = known; // two at once make two, of which one is lost
    }
    return known;
  }

  public Connection connection() {
    return connection.get();
  }

  /** From now on each thread ends with the request that it answers next. */
  public void leave() {
    leaving = true;
  }

  /** From the request on that it reads after the next, each thread reads through this. */
  public void move(Connection other) {
    connection.move(other);
  }

  /** Whether a thread still reads through it, or answers what it has read. */
  public boolean uses(Connection other) {
    // The backlog first: what a worker takes from it meanwhile, that worker uses.
    return backlog.uses(other) || connection.isUsed(other);
  }

  private synchronized int backing(SystemCalls calls, Connection from) {
    if (backing.isEmpty()) {
      backing = OptionalInt.of(MappingRefusal.of(calls, from));
    }
    return backing.getAsInt();
  }

  private final class Worker implements Runnable {
    final CurrentConnection.User user = connection.user();

    @Override
    public void run() {
      while (!isThrough()) {
        // It begins anew.
      }
      user.leave();
      if (serving.decrementAndGet() == 0 && !leaving) {
        ended.run();
      }
    }

    /** Serves as long as there are requests. False: it has to begin anew. */
    private boolean isThrough() {
      try (Arena memory = Arena.ofConfined()) {
        new Exchange(memory, user).serve();
        return true;
      } catch (Throwable e) { // of whatever a request comes to, its caller was told
        dispatcher.failed(e);
        return false;
      }
    }
  }

  /** What a worker does with the requests of its channel. */
  private final class Exchange {
    private final CurrentConnection.User user;
    private final Channel channel;
    private final ByteBuffer in;
    private final ByteBuffer out;
    private final IntSupplier backing = this::backing;
    private long gatheredNanos = System.nanoTime();
    private @Nullable Connection answered;
    private int inARow;

    Exchange(Arena memory, CurrentConnection.User user) {
      this.user = user;
      channel = new Channel(memory, dispatcher);
      in = channel.request();
      out = channel.reply();
    }

    private int backing() {
      return KernelServer.this.backing(channel.calls(), Objects.requireNonNull(answered));
    }

    void serve() {
      boolean goesOn = true;
      while (goesOn) {
        place();
        Backlog.Request next = backlog.take(user::use).orElse(null);
        if (next != null) {
          in.clear().put(next.message()).flip();
          answer(next.from());
          goesOn = leaving || gatherInTime();
        } else {
          goesOn = !leaving && serveNext();
        }
      }
    }

    /** Waits for a request, and answers it unless others wait as well. False: there are no more. */
    private boolean serveNext() {
      Connection from = user.current();
      boolean isShared = dispatcher.isShared();
      long asked = isShared ? System.nanoTime() : 0;
      if (!channel.read(from)) {
        return false;
      }
      boolean looks =
          isShared ? System.nanoTime() - asked < AT_ONCE_NANOS : ++inARow % LOOK_AFTER == 0;
      if (looks && channel.isAnyWaiting(from)) {
        putAside(from);
        return gather();
      }
      answer(from);
      return true;
    }

    /** Looks whose some requests are. */
    private void place() {
      for (int i = 0; i < PLACE_AT_ONCE; i++) {
        Backlog.Request next = backlog.takeUnplaced(user::use).orElse(null);
        if (next == null) {
          return;
        }
        in.clear().put(next.message()).flip();
        int tid = Dispatcher.tid(in);
        putAside(dispatcher.owner(tid), tid, next);
      }
    }

    /** Takes over what waits, now and then, so that each owner gets a turn. False: no more. */
    private boolean gatherInTime() {
      boolean isDue =
          (dispatcher.isShared() || backlog.size() >= MANY)
              && System.nanoTime() - gatheredNanos >= GATHER_NANOS;
      return !isDue || gather();
    }

    private boolean gather() {
      gatheredNanos = System.nanoTime();
      Connection from = user.current();
      for (int i = 0; i < GATHER_AT_ONCE && channel.isAnyWaiting(from); i++) {
        // Another worker may have been faster. It goes on with the backlog, should this one wait.
        if (!channel.read(from)) {
          return false;
        }
        putAside(from);
      }
      return true;
    }

    private void putAside(Connection from) {
      if (!Dispatcher.takesTurn(in)) {
        answer(from);
        return;
      }
      Backlog.Request waiting = new Backlog.Request(from, Dispatcher.toKeep(in));
      int tid = Dispatcher.tid(in);
      Object owner = dispatcher.holder(in).orElse(null);
      if (owner == null && backlog.size() >= MANY) {
        owner = owners().of(tid).orElse(null);
        if (owner == null && backlog.addUnplaced(waiting)) {
          return;
        }
      }
      putAside(owner != null ? owner : dispatcher.owner(tid), tid, waiting);
    }

    /** That of which the request is in the buffer as well. */
    private void putAside(Object owner, int tid, Backlog.Request waiting) {
      if (!backlog.add(owner, waiting)) {
        dispatcher.refuse(in, out);
        channel.write(waiting.from());
      } else if (tid != 0 && backlog.size() >= MANY) {
        owners().remember(tid, owner);
      }
    }

    private void answer(Connection from) {
      answered = from;
      dispatcher.answer(in, out, backing);
      if (out.limit() > 0) {
        channel.write(from);
      }
    }
  }
}
