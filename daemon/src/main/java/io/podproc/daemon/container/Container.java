// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.VisibleCpus;
import io.podproc.rules.ViewWish;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A container: its cgroup, its threads, and what must be remembered of it between two reads. */
final class Container implements Closeable {
  /** All that containers have in common. */
  record Node(
      HostFacts host,
      Processes processes,
      CpuPolicy cpuPolicy,
      Looks looks,
      LongSupplier nanoTime) {}

  private final ProcCgroup paths;
  private final Cgroup cgroup;
  private final Node node;
  private final ContainerView view;
  private final Threads threads;
  private final Showing showing;
  private volatile boolean closed;
  private volatile long askedNanos;

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
    this.threads = new Threads(paths, cgroup, node, firstCaller);
    this.showing = new Showing(paths);
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

  Threads threads() {
    return threads;
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
    try {
      showing.findName(node.processes, threads.somebody(), wishes);
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

  /**
   * Goes on where another daemon left off.
   *
   * @throws IOException it is gone, or another container
   */
  synchronized void restore(Snapshot.OfContainer snapshot) throws IOException {
    threads.restore(snapshot);
    ledger = snapshot.cpu().map(CpuLedger::new).orElse(null);
    firstCounts = snapshot.firstCounts().orElse(null);
    showing.restore(snapshot.shown());
  }

  /** What the next daemon needs to know; empty where nobody has looked, or nobody is left. */
  Optional<Snapshot.OfContainer> snapshot() {
    Optional<Snapshot.Accounts> cpu;
    Optional<NodeCounts> counts;
    synchronized (this) {
      cpu = Optional.ofNullable(ledger).map(CpuLedger::snapshot);
      counts = Optional.ofNullable(firstCounts);
    }
    LoadAccount account = threads.loadAccount();
    return account
        .census()
        .filter(census -> census.total() > 0 && threads.isAlive())
        .map(census ->
            new Snapshot.OfContainer(
                paths,
                census.oldest(),
                census.start(),
                cpu,
                account.load(),
                account.nodePid(),
                counts,
                showing.shown()));
  }

  private CpuLedger ledger() throws IOException {
    synchronized (this) {
      if (ledger != null) {
        return ledger;
      }
    }
    Duration age = threads.age(); // may wait a moment, and the others do not
    synchronized (this) {
      if (ledger != null) {
        return ledger;
      }
      CpuLedger begun = new CpuLedger(node.nanoTime.getAsLong() - age.toNanos());
      if (threads.loadAccount().census().isPresent()) { // else it is older than that, maybe
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
    threads.close();
  }
}
