// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.LivingProcess;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.VisibleCpus;
import io.podproc.rules.ViewWish;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A container: its cgroup, and what must be remembered of it between two reads. Whoever serves
 * reads what was last found of its threads, and never looks for them.
 */
final class Container implements Closeable {
  /** All that containers have in common. */
  record Node(
      HostFacts host,
      Processes processes,
      CpuPolicy cpuPolicy,
      Looks looks,
      LongSupplier nanoTime) {}

  /** For how long the first look may take. What takes longer is the sampler's. */
  private static final Duration FIRST_LOOK = Duration.ofMillis(20);

  private final ProcCgroup paths;
  private final Cgroup cgroup;
  private final Node node;
  private final ContainerView view;
  private final Optional<Ancestry> firstCaller;
  private final Showing showing;
  private final LoadAccount loadAccount = new LoadAccount();
  private final Duration begun;
  private volatile @Nullable Duration leastStart;
  private volatile boolean closed;
  private volatile long askedNanos;
  private volatile @Nullable LivingProcess oldest;
  private volatile @Nullable Future<?> firstLook;

  @GuardedBy("this")
  private @Nullable CpuLedger ledger;

  @GuardedBy("this")
  private @Nullable NodeCounts firstCounts;

  /**
   * @param firstCaller who asked first, if somebody did: tells how old it is at least, until
   *     somebody has looked
   */
  Container(
      ProcCgroup paths,
      Cgroup cgroup,
      Node node,
      ContainerView view,
      Optional<Ancestry> firstCaller) {
    this.paths = paths;
    this.cgroup = cgroup;
    this.node = node;
    this.view = view;
    this.firstCaller = firstCaller;
    this.showing = new Showing(paths);
    this.begun = node.host.uptime();
    this.askedNanos = node.nanoTime.getAsLong();
  }

  /** Where its cgroup is. Two containers at the same paths are one. */
  ProcCgroup paths() {
    return paths;
  }

  /** What open files have of it. */
  ContainerView view() {
    return view;
  }

  HostFacts host() {
    return node.host;
  }

  Cgroup cgroup() {
    return cgroup;
  }

  MemoryFacts memoryFacts() throws IOException {
    return cgroup.memory().within(showing.shown().memory());
  }

  VisibleCpus cpus() throws IOException {
    return VisibleCpus.of(cgroup, node.cpuPolicy, node.host.onlineCpus(), showing.shown().cpus());
  }

  /** The uid of its pod, as far as its cgroup tells. */
  Optional<String> pod() {
    return showing.pod();
  }

  /**
   * Is shown what is wished now.
   *
   * @param wishes by the uid of pods
   */
  void show(Map<String, ViewWish> wishes) {
    if (!showing.decide(wishes)) {
      Future<?> _ = node.looks.begin(() -> findName(wishes));
    }
  }

  private void findName(Map<String, ViewWish> wishes) {
    LivingProcess known = oldest;
    int pid = known != null ? known.pid() : firstCaller.map(Ancestry::tid).orElse(0);
    try {
      showing.findName(node.processes, pid, wishes);
    } catch (IOException e) {
      // It is gone, or the pod's word is told again within a minute.
    }
  }

  CpuTimes cpuTimes() throws IOException {
    CpuLedger books = ledger();
    // One at a time from the reading on: usage that is booked after a later one would count twice.
    synchronized (books) {
      return books.advance(cpus(), cgroup.cpuUsage(), node.nanoTime.getAsLong());
    }
  }

  /** The age of the oldest process that was found; until then, of the first caller's oldest. */
  Duration age() throws IOException {
    Optional<Census> census = census();
    if (census.isPresent() && census.get().total() == 0) {
      throw new IOException("no process is left in " + paths);
    }
    Duration now = node.host.uptime();
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
    int pids = census.isPresent() ? node.processes.pidsSince(loadAccount.nodePid()) : 0;
    return loadAccount.load().now(cgroup.tasks(), pids);
  }

  /** What the node has counted since somebody first asked. */
  NodeCounts nodeCounts() throws IOException {
    NodeCounts now = node.host.stat().counts();
    synchronized (this) {
      if (firstCounts == null) {
        firstCounts = now;
      }
      return now.since(firstCounts);
    }
  }

  /** The last one; who asks before the first is there waits a moment. */
  private Optional<Census> census() {
    Optional<Census> last = loadAccount.census();
    Future<?> first = firstLook;
    if (last.isPresent() || first == null) {
      return last;
    }
    node.looks.await(first);
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
    long begun = node.nanoTime.getAsLong();
    firstLook =
        node.looks.begin(() -> {
          try {
            boolean _ = look(() -> node.nanoTime.getAsLong() - begun > FIRST_LOOK.toNanos());
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
    Optional<Look> look = Look.begin(cgroup, node.processes, isOver);
    if (look.isEmpty() || !look.get().goOn(isOver)) {
      return false;
    }
    take(look.get().census());
    return true;
  }

  /** As {@link Look#begin}, of this one's threads. */
  Optional<Look> beginLook(BooleanSupplier isOver) throws IOException {
    return Look.begin(cgroup, node.processes, isOver);
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
        oldest = census.total() == 0 ? null : node.processes.living(census.oldest());
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
    int nodePid = node.processes.lastPid();
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

  /**
   * Goes on where another daemon left off.
   *
   * @throws IOException it is gone, or another container
   */
  synchronized void restore(Snapshot.OfContainer snapshot) throws IOException {
    LivingProcess known = node.processes.living(snapshot.oldest());
    if (!known.start().equals(snapshot.start())) {
      known.close();
      throw new IOException("another container at " + paths);
    }
    oldest = known;
    ledger = snapshot.cpu().map(CpuLedger::new).orElse(null);
    firstCounts = snapshot.firstCounts().orElse(null);
    showing.restore(snapshot.shown());
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

  /** What the next daemon needs to know; empty where nobody has looked, or nobody is left. */
  Optional<Snapshot.OfContainer> snapshot() {
    Optional<Snapshot.Accounts> cpu;
    Optional<NodeCounts> counts;
    synchronized (this) {
      cpu = Optional.ofNullable(ledger).map(CpuLedger::snapshot);
      counts = Optional.ofNullable(firstCounts);
    }
    return loadAccount
        .census()
        .filter(census -> census.total() > 0 && isAlive())
        .map(census ->
            new Snapshot.OfContainer(
                paths,
                census.oldest(),
                census.start(),
                cpu,
                loadAccount.load(),
                loadAccount.nodePid(),
                counts,
                showing.shown()));
  }

  private CpuLedger ledger() throws IOException {
    synchronized (this) {
      if (ledger != null) {
        return ledger;
      }
    }
    Duration age = age(); // may wait a moment, and the others do not
    synchronized (this) {
      if (ledger != null) {
        return ledger;
      }
      CpuLedger begun = new CpuLedger(node.nanoTime.getAsLong() - age.toNanos());
      if (loadAccount.census().isPresent()) { // else it is older than that, maybe
        ledger = begun;
      }
      return begun;
    }
  }

  /** Somebody has a file of it opened. */
  void ask() {
    askedNanos = node.nanoTime.getAsLong();
  }

  /** When that was last. */
  long askedNanos() {
    return askedNanos;
  }

  /** Whether it is no longer among those that are known. */
  boolean isClosed() {
    return closed;
  }

  /** Gives back the descriptors. Later reads fail. */
  @Override
  public synchronized void close() {
    closed = true;
    cgroup.close();
    LivingProcess known = oldest;
    oldest = null;
    if (known != null) {
      known.close();
    }
  }
}
