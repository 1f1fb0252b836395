// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.LivingProcess;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.view.Load;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a container, as they were last found, and its oldest process, by which it is known
 * to be the one that it was. Readers see that, and never look.
 */
final class Threads implements Closeable {
  /** For how long the first look may take. What takes longer is the sampler's. */
  private static final Duration FIRST_LOOK = Duration.ofMillis(20);

  private final ProcCgroup paths;
  private final Cgroup cgroup;
  private final Container.Node node;
  private final Processes processes;
  private final Optional<Ancestry> firstCaller;
  private final LoadAccount loadAccount = new LoadAccount();
  private final Duration begun;
  private volatile @Nullable Duration leastStart;
  private volatile boolean closed;
  private volatile @Nullable LivingProcess oldest;
  private volatile @Nullable Future<?> firstLook;

  /**
   * @param firstCaller tells how old it is at least, until somebody has looked
   */
  Threads(ProcCgroup paths, Cgroup cgroup, Container.Node node, Optional<Ancestry> firstCaller) {
    this.paths = paths;
    this.cgroup = cgroup;
    this.node = node;
    this.processes = node.processes();
    this.firstCaller = firstCaller;
    this.begun = node.host().uptime();
  }

  /** One that lives, or did; 0 where none is known. */
  int somebody() {
    LivingProcess known = oldest;
    return known != null ? known.pid() : firstCaller.map(Ancestry::tid).orElse(0);
  }

  /** The age of the oldest process that was found; until then, of the first caller's oldest. */
  Duration age() throws IOException {
    Optional<Census> census = census();
    if (census.isPresent() && census.get().total() == 0) {
      throw new IOException("no process is left in " + paths);
    }
    Duration now = node.host().uptime();
    Duration start = census.isPresent() ? census.get().start() : leastStart();
    return start.compareTo(now) > 0 ? Duration.ZERO : now.minus(start);
  }

  /** Asked once: the first caller ends, and nobody grows younger by that. */
  private Duration leastStart() throws ExhaustedException {
    Duration known = leastStart;
    if (known == null) {
      known = begun;
      try {
        if (firstCaller.isPresent()) {
          known = firstCaller.get().start(paths);
        }
      } catch (ExhaustedException e) {
        throw e;
      } catch (IOException e) {
        // That one has ended already.
      }
      leastStart = known;
    }
    return known;
  }

  Load load() throws IOException {
    Optional<Census> census = census();
    // A thread has a pid in each namespace: the node gives out no less than the container.
    int pids = census.isPresent() ? processes.pidsSince(loadAccount.nodePid()) : 0;
    return loadAccount.load().now(cgroup.tasks(), pids);
  }

  /** The last one; who asks before the first is there waits a moment. */
  private Optional<Census> census() {
    Optional<Census> last = loadAccount.census();
    Future<?> first = firstLook;
    if (last.isPresent() || first == null) {
      return last;
    }
    node.looks().await(first);
    firstLook = null; // never again: it may take for ever
    return loadAccount.census();
  }

  LoadAccount loadAccount() {
    return loadAccount;
  }

  /** Has its threads looked for. Who asks first waits meanwhile, and later has ended, maybe. */
  void lookSoon() {
    try {
      Duration _ = leastStart();
    } catch (ExhaustedException e) {
      // It is asked for again with its age.
    }
    long begun = node.nanoTime().getAsLong();
    firstLook =
        node.looks()
            .begin(() -> {
              try {
                boolean _ = look(() -> node.nanoTime().getAsLong() - begun > FIRST_LOOK.toNanos());
              } catch (IOException e) {
                // It is gone, or podproc is short of something: the sampler will see.
              }
            });
  }

  /**
   * Looks at all its threads.
   *
   * @param isOver whether there is no more time
   * @return false where that was so, or there are too many; then the last census holds
   * @throws IOException the cgroup is gone
   */
  boolean look(BooleanSupplier isOver) throws IOException {
    Optional<Look> look = Look.begin(cgroup, processes, isOver);
    if (look.isEmpty() || !look.get().goOn(isOver)) {
      return false;
    }
    take(look.get().census());
    return true;
  }

  /** As {@link Look#begin}, of this one's threads. */
  Optional<Look> beginLook(BooleanSupplier isOver) throws IOException {
    return Look.begin(cgroup, processes, isOver);
  }

  /** What a look has found is what readers see from now on. */
  synchronized void take(Census census) throws ExhaustedException {
    LivingProcess known = oldest;
    boolean isSame =
        known != null
            && known.pid() == census.oldest()
            && known.start().equals(census.start())
            && known.isAlive();
    if (!isSame && !closed) {
      try {
        oldest = census.total() == 0 ? null : processes.living(census.oldest());
      } catch (ExhaustedException e) {
        throw e;
      } catch (IOException e) {
        oldest = null; // ended meanwhile
      }
      if (known != null) {
        known.close();
      }
    }
    loadAccount.take(census);
  }

  /** Whether its threads may be others than those that were last looked at. */
  boolean hasChanged() throws IOException {
    // No thread gets into another state without running soon before or after, be it for a moment.
    int nodePid = processes.lastPid();
    long used = cgroup.usedNanos();
    boolean rested = loadAccount.census().filter(last -> last.usedNanos() == used).isPresent();
    if (rested) {
      loadAccount.rested(nodePid);
    }
    return !rested || !isAlive();
  }

  /**
   * Whether the process that it began with still runs, so that its cgroup is the one it was and
   * what is remembered of it holds.
   */
  boolean isAlive() {
    LivingProcess known = oldest;
    return known != null && known.isAlive();
  }

  /** Whether that one was found, and has ended. */
  boolean hasEnded() {
    return loadAccount.census().isPresent() && !isAlive();
  }

  /** What the threads of the same container were to another daemon. */
  synchronized void restore(Snapshot.OfContainer snapshot) throws IOException {
    LivingProcess known = processes.living(snapshot.oldest());
    if (!known.start().equals(snapshot.start())) {
      known.close();
      throw new IOException("another container at " + paths);
    }
    oldest = known;
    Load load = snapshot.load();
    loadAccount.restore(
        load,
        new Census(
            Census.NOT_USED,
            snapshot.oldest(),
            snapshot.start(),
            load.running(),
            load.blocked(),
            load.total(),
            load.lastPid(),
            snapshot.nodePid()));
  }

  @Override
  public synchronized void close() {
    closed = true;
    LivingProcess known = oldest;
    oldest = null;
    if (known != null) {
      known.close();
    }
  }
}
