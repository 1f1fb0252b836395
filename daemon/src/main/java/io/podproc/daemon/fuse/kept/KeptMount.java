// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountPoint;
import io.podproc.daemon.fuse.kept.Holds.Hold;
import io.podproc.daemon.fuse.kernel.Connection;
import io.podproc.daemon.fuse.kernel.Dispatcher;
import io.podproc.daemon.fuse.kernel.KernelServer;
import io.podproc.daemon.fuse.kernel.SelinuxContext;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The mounted tree, on a connection that keepers hold: it lasts while daemons come and go. Whoever
 * reads meanwhile waits for the next.
 */
public final class KeptMount implements Mount {
  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration MOST_OFTEN = Duration.ofSeconds(1);

  /**
   * Readers have waited for this daemon. What else there is to begin, from the log to metrics,
   * would take the CPU from them.
   */
  private static final Duration HEAD_START = Duration.ofMillis(100);

  private final MountPoint mountPoint;
  private final Joining joining;
  private final Keepers keepers;
  private final ServingLock lock;
  private final HandoffListener handoffs;
  private volatile CountDownLatch initialized = new CountDownLatch(1);
  private final Dispatcher dispatcher;
  private final Waking waking;
  private volatile Optional<Serving> serving = Optional.empty();

  /** This daemon took the mount from the node, and wants none. */
  private volatile boolean unmounted;

  private volatile long begunNanos;

  /** The keepers that are known to hold the connection. */
  @GuardedBy("this")
  private Set<Integer> kept = Set.of();

  /** What was served through before, and may be in use still. */
  @GuardedBy("this")
  private final Set<Connection> left = new HashSet<>();

  private KeptMount(
      Path mountPoint,
      SelinuxContext context,
      VirtualTree tree,
      Opener opener,
      boolean idMapped,
      Keepers keepers,
      ServingLock lock,
      Consumer<Path> placeholders,
      HandoffListener handoffs) {
    this.mountPoint = new MountPoint(mountPoint);
    this.keepers = keepers;
    this.lock = lock;
    this.handoffs = handoffs;
    this.joining = new Joining(keepers, this.mountPoint, context, idMapped, tree, placeholders);
    this.waking = new Waking(this.mountPoint, tree);
    this.dispatcher = new Dispatcher(tree, opener, idMapped, () -> initialized.countDown());
  }

  /**
   * Serves the tree: on the connection that is there, once no other daemon does, or else on a new
   * one.
   *
   * @param runDirectory where daemons and keepers find each other
   * @param context what the files of a new one are labelled with
   * @param idMapped whether a mount that is made now may be id-mapped
   * @param placeholders lays what the mount covers, in a directory
   * @param handoffs is told when this daemon's turn to serve begins and ends
   * @throws MountException it can't be done
   */
  public static KeptMount mount(
      Path runDirectory,
      Path mountPoint,
      SelinuxContext context,
      VirtualTree tree,
      Opener opener,
      boolean idMapped,
      Consumer<Path> placeholders,
      HandoffListener handoffs)
      throws MountException, InterruptedException, IOException {
    FuseMount.check();
    FuseMount.warnOfTimeout();
    ServingLock lock = new ServingLock(runDirectory);
    Keepers keepers = new Keepers(runDirectory, mountPoint);
    KeptMount mount =
        new KeptMount(
            mountPoint, context, tree, opener, idMapped, keepers, lock, placeholders, handoffs);
    if (lock.tryNow()) {
      mount.serve();
    } else {
      Log.info("standing by: process %s serves %s", lock.holder().orElse("unknown"), mountPoint);
      lock.queue();
      mount.joining.keep();
      Thread _ = Thread.ofPlatform().daemon().name("standing-by").start(mount::standBy);
    }
    return mount;
  }

  private void standBy() {
    try {
      lock.await();
      serve();
    } catch (ClosedChannelException e) {
      // It was told to stop before its turn came.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Throwable e) { // it has the turn, and nobody else gets it
      handoffs.failed(e);
    }
  }

  private void serve() throws IOException, MountException, InterruptedException {
    handoffs.comes();
    Duration unserved = lock.sinceHeartbeat();
    lock.begin();
    begin(unserved);
  }

  /**
   * Somebody else has ended the connection: a container that may unmount can do that by force
   * (fs/fuse/inode.c:fuse_umount_begin). No more often than once a second, however often it does.
   */
  private synchronized void mountAgain() {
    if (unmounted) {
      return;
    }
    try {
      Log.warn(
          "somebody else has ended the connection of %s (umount -f, fusectl): mounting again",
          mountPoint.path());
      Duration sinceMount = Duration.ofNanos(System.nanoTime() - begunNanos);
      Thread.sleep(Math.max(0, MOST_OFTEN.toMillis() - sinceMount.toMillis()));
      try (Arena arena = Arena.ofConfined()) {
        Connection ended = serving.orElseThrow().server().connection();
        int _ = new SystemCalls(arena).close(ended.descriptor());
        boolean _ = left.remove(ended);
      }
      initialized = new CountDownLatch(1);
      kept = Set.of();
      begin(Duration.ZERO);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Throwable e) { // it has the turn, and nobody else gets it
      handoffs.failed(e);
    }
  }

  /**
   * @param unserved since when nobody has served, where another daemon did before
   */
  private void begin(Duration unserved) throws IOException, MountException, InterruptedException {
    begunNanos = System.nanoTime();
    Joining.Joined joined;
    try (Arena arena = Arena.ofConfined()) {
      joined = joining.join(new SystemCalls(arena));
    }
    handoffs.begins(
        joined.found()
            ? lock.wasLeft() ? HandoffListener.Kind.HANDED_OVER : HandoffListener.Kind.TAKEN_OVER
            : HandoffListener.Kind.MOUNTED,
        joined.found() ? unserved : Duration.ZERO);
    KernelServer server = new KernelServer(joined.connection(), dispatcher, this::mountAgain);
    serving =
        Optional.of(
            new Serving(
                server, server.start(), joined.number(), joined.keeper(), joined.resends()));
    if (joined.found()) {
      Thread.sleep(HEAD_START);
      joining.layPlaceholdersUnderneath();
      Log.info("took over the mount at %s", mountPoint.path());
    } else if (!initialized.await(MOUNT_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new MountException("the kernel did not answer the mount of " + mountPoint.path());
    }
    lock.serves();
    handoffs.serves();
  }

  @Override
  public boolean serves() {
    return serving.map(Serving::isAlive).orElse(true);
  }

  @Override
  public boolean hasTurn() {
    return serving.isPresent();
  }

  @Override
  public Optional<String> turnHolder() {
    return lock.holder();
  }

  @Override
  public boolean hasSuccessor() {
    return lock.isAwaited();
  }

  @Override
  public boolean isKept() {
    try (Arena arena = Arena.ofConfined()) {
      return !keepers.pids(new SystemCalls(arena)).isEmpty();
    } catch (IOException e) {
      return false; // the run directory is gone
    }
  }

  @Override
  public void unmount() throws MountException {
    unmounted = true;
    mountPoint.detach();
  }

  @Override
  public synchronized void heartbeat() {
    if (serving.isEmpty()) {
      return;
    }
    lock.heartbeat();
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      Set<Integer> pids = Set.copyOf(keepers.pids(calls));
      if (!pids.equals(kept) || !left.isEmpty()) {
        keep(calls, serving.get());
        kept = pids;
        handoffs.keepers(pids.size());
      }
    } catch (IOException | MountException e) {
      Log.warn("keepers can't be looked for: %s", e.getMessage());
    }
  }

  /** Has all keepers hold the connection, and serves through the youngest one's descriptor. */
  @GuardedBy("this")
  private void keep(SystemCalls calls, Serving now) throws IOException, MountException {
    Connection connection = now.server().connection();
    try (Holds holds = keepers.holds(calls)) {
      holds.share(connection, now.number());
      // What this daemon holds alone ends with it, and whoever waits for an answer gets an error:
      // it is to be the youngest keeper's, who stays when another is replaced.
      Optional<Hold> better =
          holds
              .youngestOf(now.number())
              .filter(youngest ->
                  now.resends() && now.keeper().filter(pid -> pid == youngest.pid()).isEmpty());
      if (better.isPresent()) {
        now.server().move(holds.take(better.get()));
        left.add(connection);
        serving = better.map(Hold::pid).map(now::by);
        now.wake(waking);
      }
    }
    left.removeIf(before -> !now.server().uses(before) && calls.close(before.descriptor()) <= 0);
  }

  /** Answers what was taken, and leaves the rest to the next daemon. Without a keeper, unmounts. */
  @Override
  public void close() {
    try {
      if (serving.isPresent()) {
        boolean isKept = isKept(); // asked while others are still answered
        serving.get().leave(waking);
        if (!isKept && mountPoint.mounted().isPresent()) {
          mountPoint.detach();
        }
        handoffs.ends();
        lock.leave();
      }
      lock.close();
    } catch (IOException | MountException e) {
      Log.warn("not left in good order: %s", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
