// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.LivingProcess;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.VisibleCpus;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A container: its cgroup, and what must be remembered of it between two reads. */
final class Container implements View, Closeable {
  private final ProcCgroup paths;
  private final Cgroup cgroup;
  private final HostFacts host;
  private final Processes processes;
  private final CpuPolicy cpuPolicy;
  private final LongSupplier nanoTime;
  private final LoadAccount loadAccount;
  private volatile boolean closed;

  @GuardedBy("this")
  private @Nullable LivingProcess oldest;

  @GuardedBy("this")
  private @Nullable CpuLedger ledger;

  Container(
      ProcCgroup paths,
      Cgroup cgroup,
      HostFacts host,
      Processes processes,
      CpuPolicy cpuPolicy,
      LongSupplier nanoTime) {
    this.paths = paths;
    this.cgroup = cgroup;
    this.host = host;
    this.processes = processes;
    this.cpuPolicy = cpuPolicy;
    this.nanoTime = nanoTime;
    this.loadAccount = new LoadAccount(cgroup, processes, () -> oldest().pid());
  }

  /** Where its cgroup is. Two containers at the same paths are one. */
  ProcCgroup paths() {
    return paths;
  }

  @Override
  public HostFacts host() {
    return host;
  }

  @Override
  public Cgroup cgroup() {
    return cgroup;
  }

  @Override
  public VisibleCpus cpus() throws IOException {
    return VisibleCpus.of(cgroup.cpuLimits(), cpuPolicy, host.onlineCpus());
  }

  @Override
  public CpuTimes cpuTimes() throws IOException {
    CpuLedger books = ledger();
    // One at a time from the reading on: usage that is booked after a later one would count twice.
    synchronized (books) {
      return books.advance(cpus(), cgroup.cpuUsage(), nanoTime.getAsLong());
    }
  }

  @Override
  public Duration age() throws IOException {
    Duration age = host.uptime().minus(oldest().start());
    return age.isNegative() ? Duration.ZERO : age;
  }

  @Override
  public Load load() throws IOException {
    return loadAccount.load();
  }

  LoadAccount loadAccount() {
    return loadAccount;
  }

  /**
   * Whether the process that it began with still runs, so that its cgroup is the one it was and
   * what is remembered of it holds.
   */
  synchronized boolean isAlive() {
    LivingProcess known = oldest;
    return known != null && known.isAlive();
  }

  /**
   * Goes on where another daemon left off.
   *
   * @throws IOException it is gone, or another container
   */
  void restore(Memory.OfContainer memory) throws IOException {
    if (!oldest().start().equals(memory.start())) {
      throw new IOException("another container at " + paths);
    }
    synchronized (this) {
      ledger = memory.cpu().map(CpuLedger::new).orElse(null);
    }
    loadAccount.restore(memory);
  }

  /**
   * What the next daemon needs to know.
   *
   * @throws IOException it is gone
   */
  Memory.OfContainer memory() throws IOException {
    Duration start = oldest().start();
    Optional<Memory.Accounts> cpu;
    synchronized (this) {
      cpu = Optional.ofNullable(ledger).map(CpuLedger::memory);
    }
    // Not while this is locked: the account of the load asks for the oldest process.
    return new Memory.OfContainer(paths, start, cpu, loadAccount.averages(), loadAccount.lastPid());
  }

  private synchronized CpuLedger ledger() throws IOException {
    CpuLedger known = ledger;
    if (known == null) {
      known = new CpuLedger(nanoTime.getAsLong() - age().toNanos());
      ledger = known;
    }
    return known;
  }

  /** The process that the container began with. Looked for again only when it has ended. */
  private synchronized LivingProcess oldest() throws IOException {
    LivingProcess known = oldest;
    if (known == null || !known.isAlive()) {
      known = processes.living(findOldest());
      oldest = known;
    }
    return known;
  }

  private int findOldest() throws IOException {
    int oldestPid = 0;
    Duration oldestStart = null;
    for (int pid : cgroup.processes()) {
      try {
        Duration start = processes.stat(pid).start();
        if (oldestStart == null || start.compareTo(oldestStart) < 0) {
          oldestPid = pid;
          oldestStart = start;
        }
      } catch (IOException e) {
        // ended
      }
    }
    if (oldestStart == null) {
      throw new IOException("no process is left in " + paths);
    }
    return oldestPid;
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
