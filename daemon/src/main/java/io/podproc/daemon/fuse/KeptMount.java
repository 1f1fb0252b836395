// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.fuse.Holds.Hold;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The mounted tree, on a connection that keepers hold: it lasts while daemons come and go. Whoever
 * reads meanwhile waits for the next.
 */
public final class KeptMount implements Mount {
  private static final Duration MOUNT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration LEAVE_DEADLINE = Duration.ofSeconds(2);
  private static final Duration MOST_OFTEN = Duration.ofSeconds(1);

  /**
   * Readers have waited for this daemon. What else there is to begin, from the log to metrics,
   * would take the CPU from them.
   */
  private static final Duration HEAD_START = Duration.ofMillis(100);

  private final Path mountPoint;
  private final VirtualTree tree;
  private final Keepers keepers;
  private final HandOver handOver;
  private final Runnable bare;
  private final Turn turn;
  private volatile CountDownLatch greeted = new CountDownLatch(1);
  private final Conversation conversation;
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

  /**
   * The connection that this daemon may serve.
   *
   * @param number as {@code 0:57}
   * @param found whether an earlier daemon had mounted it
   * @param keeper whose descriptor it is, so that what is read of it outlives this daemon; empty if
   *     it is this daemon's own
   * @param resends whether the kernel can send again what was read and not answered
   */
  private record Joined(
      Connection connection,
      String number,
      boolean found,
      Optional<Integer> keeper,
      boolean resends) {}

  private record Serving(
      KernelServer server,
      List<Thread> threads,
      String number,
      Optional<Integer> keeper,
      boolean resends) {
    Serving by(int keeper) {
      return new Serving(server, threads, number, Optional.of(keeper), resends);
    }
  }

  private KeptMount(
      Path mountPoint,
      VirtualTree tree,
      Opener opener,
      Keepers keepers,
      HandOver handOver,
      Runnable bare,
      Turn turn) {
    this.mountPoint = mountPoint;
    this.tree = tree;
    this.keepers = keepers;
    this.handOver = handOver;
    this.bare = bare;
    this.turn = turn;
    this.conversation = new Conversation(tree, opener, () -> greeted.countDown());
  }

  /**
   * Serves the tree: on the connection that is there, once no other daemon does, or else on a new
   * one.
   *
   * @param runDirectory where daemons and keepers find each other
   * @param bare is run when nothing is mounted there
   * @param turn is told when this daemon's turn to serve begins and ends
   * @throws MountException it can't be done
   */
  public static KeptMount mount(
      Path runDirectory, Path mountPoint, VirtualTree tree, Opener opener, Runnable bare, Turn turn)
      throws MountException, InterruptedException, IOException {
    FuseMount.check();
    KernelTransport.warnOfTimeout();
    HandOver handOver = new HandOver(runDirectory);
    KeptMount mount =
        new KeptMount(mountPoint, tree, opener, new Keepers(runDirectory), handOver, bare, turn);
    if (handOver.tryNow()) {
      mount.serve();
    } else {
      Log.info(
          "standing by: process %s serves %s", handOver.holder().orElse("unknown"), mountPoint);
      handOver.queue();
      mount.keep();
      Thread _ = Thread.ofPlatform().daemon().name("standing-by").start(mount::standBy);
    }
    return mount;
  }

  private void standBy() {
    try {
      handOver.await();
      serve();
    } catch (ClosedChannelException e) {
      // It was told to stop before its turn came.
    } catch (IOException | MountException e) {
      turn.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Has keepers that hold nothing yet hold the connection that another daemon serves. */
  private void keep() throws IOException, MountException {
    try (Arena arena = Arena.ofConfined();
        Holds holds = keepers.holds(new SystemCalls(arena))) {
      number()
          .ifPresent(number ->
              holds
                  .youngestOf(number)
                  .ifPresent(live -> holds.share(new Connection(live.device()), number)));
    }
  }

  private void serve() throws IOException, MountException, InterruptedException {
    turn.comes();
    Duration unserved = handOver.sinceBeat();
    handOver.beat(); // to find the connection may take longer than a keeper's patience still lasts
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
          mountPoint);
      Thread.sleep(Math.max(0, MOST_OFTEN.toMillis() - sinceMount().toMillis()));
      try (Arena arena = Arena.ofConfined()) {
        Connection ended = serving.orElseThrow().server.connection();
        int _ = new SystemCalls(arena).close(ended.descriptor());
        boolean _ = left.remove(ended);
      }
      greeted = new CountDownLatch(1);
      kept = Set.of();
      begin(Duration.ZERO);
    } catch (IOException | MountException | RuntimeException e) {
      turn.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration sinceMount() {
    return Duration.ofNanos(System.nanoTime() - begunNanos);
  }

  /**
   * @param unserved since when nobody has served, where another daemon did before
   */
  private void begin(Duration unserved) throws IOException, MountException, InterruptedException {
    begunNanos = System.nanoTime();
    Joined joined;
    try (Arena arena = Arena.ofConfined()) {
      joined = join(new SystemCalls(arena));
    }
    turn.begins(
        joined.found
            ? handOver.wasLeft() ? Turn.Kind.HANDED_OVER : Turn.Kind.TAKEN_OVER
            : Turn.Kind.MOUNTED,
        joined.found ? unserved : Duration.ZERO);
    KernelServer server = new KernelServer(joined.connection, conversation, this::mountAgain);
    serving =
        Optional.of(
            new Serving(server, server.start(), joined.number, joined.keeper, joined.resends));
    if (joined.found) {
      Thread.sleep(HEAD_START);
      Log.info("went on with the mount at %s", mountPoint);
    } else if (!greeted.await(MOUNT_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new MountException("the kernel did not answer the mount of " + mountPoint);
    }
    turn.serves();
  }

  /** Finds the connection that is there, or mounts a new one, and has all keepers hold it. */
  private Joined join(SystemCalls calls) throws IOException, MountException, InterruptedException {
    try (Holds holds = keepers.holds(calls)) {
      if (holds.isEmpty()) {
        Log.warn("no keeper in %s: the files end with this daemon", keepers.directory());
      }
      Optional<Hold> kept = number().flatMap(holds::youngestOf);
      Optional<Hold> keeper = kept.or(holds::youngestUnused);
      Connection connection;
      if (kept.isPresent()) {
        connection = new Connection(kept.get().device());
      } else {
        FuseMount.clear(mountPoint, tree);
        bare.run();
        int device = keeper.isPresent() ? keeper.get().device() : Connection.open(calls);
        connection = Connection.mount(calls, device, mountPoint);
        holds.endAll();
      }
      String number =
          number().orElseThrow(() -> new MountException(mountPoint + " was unmounted at once"));
      holds.share(connection, number);
      // Where the kernel can't send again, what this daemon takes must end with it: a descriptor
      // that outlives it would let its callers wait for ever.
      boolean resends = connection.resend(calls);
      Connection through = resends || keeper.isEmpty() ? connection : connection.own(calls);
      if (resends) {
        keeper.ifPresent(holds::take);
      } else {
        Log.info(
            "this kernel can't send requests again (FUSE_NOTIFY_RESEND, Linux 6.9): each daemon"
                + " serves through a descriptor of its own, and what a killed one has in hand ends"
                + " with an error");
      }
      return new Joined(
          through, number, kept.isPresent(), keeper.filter(_ -> resends).map(Hold::pid), resends);
    }
  }

  /** Of the connection that is mounted. */
  private Optional<String> number() throws MountException {
    return FuseMount.mounted(mountPoint)
        .filter(mount -> mount.type().equals(FuseMount.TYPE))
        .map(MountInfo.Mount::device);
  }

  @Override
  public boolean serves() {
    return serving.map(s -> s.threads.stream().anyMatch(Thread::isAlive)).orElse(true);
  }

  @Override
  public boolean hasTurn() {
    return serving.isPresent();
  }

  @Override
  public boolean hasSuccessor() {
    return handOver.isAwaited();
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
    FuseMount.detach(mountPoint);
  }

  @Override
  public synchronized void beat() {
    if (serving.isEmpty()) {
      return;
    }
    handOver.beat();
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      Set<Integer> pids = Set.copyOf(keepers.pids(calls));
      if (!pids.equals(kept) || !left.isEmpty()) {
        keep(calls, serving.get());
        kept = pids;
        turn.keepers(pids.size());
      }
    } catch (IOException | MountException e) {
      Log.warn("keepers can't be looked for: %s", e.getMessage());
    }
  }

  /** Has all keepers hold the connection, and serves through the youngest one's descriptor. */
  @GuardedBy("this")
  private void keep(SystemCalls calls, Serving now) throws IOException, MountException {
    Connection connection = now.server.connection();
    try (Holds holds = keepers.holds(calls)) {
      holds.share(connection, now.number);
      // What this daemon holds alone ends with it, and whoever waits for an answer gets an error:
      // it is to be the youngest keeper's, who stays when another is replaced.
      Optional<Hold> better =
          holds
              .youngestOf(now.number)
              .filter(youngest ->
                  now.resends && now.keeper.filter(pid -> pid == youngest.pid()).isEmpty());
      if (better.isPresent()) {
        now.server.move(holds.take(better.get()));
        left.add(connection);
        serving = better.map(Hold::pid).map(now::by);
        Thread _ =
            Thread.ofPlatform()
                .daemon()
                .name("waking")
                .start(() -> wake(now).forEach(KeptMount::close));
      }
    }
    left.removeIf(before -> !now.server.uses(before) && calls.close(before.descriptor()) <= 0);
  }

  /** Answers what was taken, and leaves the rest to the next daemon. Without a keeper, unmounts. */
  @Override
  public void close() {
    try {
      if (serving.isPresent()) {
        boolean isKept = isKept(); // asked while others are still answered
        leave(serving.get());
        if (!isKept && FuseMount.mounted(mountPoint).isPresent()) {
          FuseMount.detach(mountPoint);
        }
        turn.ends();
        handOver.leave();
      }
      handOver.close();
    } catch (IOException | MountException e) {
      Log.warn("not left in good order: %s", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Each thread waits for a request and ends with the next one that it answers. So each gets one
   * that nobody waits for, as it may be left to the next daemon: of a file that is closed the
   * kernel tells in the background.
   */
  private void leave(Serving now) throws InterruptedException {
    long deadline = System.nanoTime() + LEAVE_DEADLINE.toNanos();
    Queue<InputStream> opened = new ConcurrentLinkedQueue<>();
    // On a thread of its own: there may be nobody to answer it.
    boolean _ =
        Thread.ofPlatform()
            .daemon()
            .name("leaving")
            .start(() -> opened.addAll(wake(now)))
            .join(LEAVE_DEADLINE);
    now.server.leave();
    opened.forEach(KeptMount::close);
    for (Thread thread : now.threads) {
      boolean _ = thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }
  }

  /** Gives each thread a request: a file to open. */
  private List<InputStream> wake(Serving now) {
    List<InputStream> opened = new ArrayList<>();
    try {
      for (Thread _ : now.threads) {
        opened.add(Files.newInputStream(mountPoint.resolve("./" + tree.files().getFirst().path())));
      }
    } catch (IOException e) {
      // It was unmounted, and they have ended or have others to answer.
    }
    return opened;
  }

  private static void close(InputStream file) {
    try {
      file.close();
    } catch (IOException e) {
      // It is closed all the same.
    }
  }
}
