// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.VisibleCpus;
import java.util.ArrayList;
import java.util.List;

/**
 * The accounts of one container's CPUs: what its cgroup used is booked on the CPUs that it sees,
 * and what it might have used besides, capacity × time − usage, is their idle time. So a container
 * that uses all it may is 100 % busy, whatever the host does; so is one that uses more than it is
 * shown.
 *
 * <p>Accounts only ever grow, also where the limits change between two readings.
 */
final class CpuLedger {
  /** The longest period that a quota can have (kernel/sched/core.c:max_cfs_quota_period). */
  private static final long MOST_OWED_NANOS = 1_000_000_000;

  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * How much of what was used beyond a view that nobody is held to is booked all the same, in
   * seconds of its capacity: what kernel and clock may differ by.
   */
  private static final double MOST_AHEAD = 0.25;

  private static final class Account {
    CpuTime used = CpuTime.ZERO;
    double capacityNanos;
    long idleNanos;

    void book(CpuTime time, double capacity) {
      used = used.plus(time);
      capacityNanos += capacity;
      // Kernel and clock are read one after the other, and a quota may be exceeded for a moment:
      // idle time waits until it is made up for. What was used under another limit, or before the
      // oldest process that is left began, is not: idle time would stand still for hours.
      idleNanos = Math.max(idleNanos, (long) capacityNanos - used.sum());
      capacityNanos = Math.max(capacityNanos, (double) used.sum() + idleNanos - MOST_OWED_NANOS);
    }

    /**
     * As {@link #book}, but what was used beyond the capacity is left out: it would be more than
     * all of the CPU's time.
     *
     * @param ahead how far beyond it may be for a moment
     * @return what was booked
     */
    CpuTime bookWithin(CpuTime time, double capacity, double ahead) {
      double room = Math.max(0, capacityNanos + capacity + ahead - used.sum() - idleNanos);
      CpuTime fitting = time.sum() <= room ? time : time.times(room / time.sum());
      book(fitting, capacity);
      return fitting;
    }

    Snapshot.Account snapshot() {
      return new Snapshot.Account(used, capacityNanos, idleNanos);
    }

    static Account of(Snapshot.Account snapshot) {
      Account account = new Account();
      account.used = snapshot.used();
      account.capacityNanos = snapshot.capacityNanos();
      account.idleNanos = snapshot.idleNanos();
      return account;
    }

    CpuTimes.Cpu reading() {
      return new CpuTimes.Cpu(used, idleNanos);
    }
  }

  /** By the numbers that the container knows. */
  @GuardedBy("this")
  private final List<Account> accounts = new ArrayList<>();

  @GuardedBy("this")
  private CpuUsage last = new CpuUsage(CpuTime.ZERO, List.of());

  @GuardedBy("this")
  private CpuTime total = CpuTime.ZERO;

  @GuardedBy("this")
  private long lastNanos;

  /**
   * @param beginNanos when the container began, on the clock of {@link System#nanoTime()}
   */
  CpuLedger(long beginNanos) {
    this.lastNanos = beginNanos;
  }

  /** Goes on where another daemon left off. */
  CpuLedger(Snapshot.Accounts snapshot) {
    lastNanos = snapshot.bookedNanos();
    last = snapshot.last();
    total = snapshot.total();
    snapshot.cpus().forEach(account -> accounts.add(Account.of(account)));
  }

  synchronized Snapshot.Accounts snapshot() {
    return new Snapshot.Accounts(
        lastNanos, last, total, accounts.stream().map(Account::snapshot).toList());
  }

  /**
   * Books what happened since the last call, and reads the accounts.
   *
   * @param usage of now
   * @param nowNanos on the clock of {@link System#nanoTime()}
   */
  synchronized CpuTimes advance(VisibleCpus cpus, CpuUsage usage, long nowNanos) {
    int count = cpus.count();
    while (accounts.size() <= cpus.number(count - 1)) {
      accounts.add(new Account());
    }
    long elapsed = Math.max(0, nowNanos - lastNanos);
    double capacity = cpus.capacity() * elapsed / count;
    CpuTime used = usage.total().since(last.total());
    CpuTime[] shares = shares(cpus, usage, used, capacity);
    double ahead = MOST_AHEAD * NANOS_PER_SECOND * cpus.capacity() / count;
    for (int i = 0; i < count; i++) {
      Account account = accounts.get(cpus.number(i));
      if (cpus.isBound()) {
        account.book(shares[i], capacity);
        total = total.plus(shares[i]);
      } else {
        total = total.plus(account.bookWithin(shares[i], capacity, ahead));
      }
    }
    // Less in all is another cgroup of the same name. Less in a part only is the kernel's estimate
    // of user and nice time, which wavers: what was counted is not counted again.
    boolean anew = usage.total().sum() < last.total().sum();
    last = anew ? usage : new CpuUsage(usage.total().max(last.total()), usage.perCpuNanos());
    lastNanos = Math.max(lastNanos, nowNanos);
    return reading(cpus);
  }

  /**
   * Splits what was used over the visible CPUs: each gets what its own CPU did, as far as it has
   * room for it; the rest, that of CPUs which are not shown, or all of it where the kernel does not
   * tell CPUs apart, goes to where there is room left, and what exceeds the capacity goes to all
   * alike. Each share has the whole's mixture of user, nice and system time.
   */
  @GuardedBy("this")
  private CpuTime[] shares(VisibleCpus cpus, CpuUsage usage, CpuTime used, double capacity) {
    int count = cpus.count();
    double[] busy = new double[count];
    double rest = used.sum();
    double room = 0;
    for (int i = 0; i < count; i++) {
      long own = since(last.perCpuNanos(), usage.perCpuNanos(), cpus.hostNumbers().get(i));
      busy[i] = Math.min(Math.min((double) own, capacity), rest);
      rest -= busy[i];
      room += capacity - busy[i];
    }
    double fitting = Math.min(rest, room);
    CpuTime[] shares = new CpuTime[count];
    CpuTime left = used;
    for (int i = 0; i < count; i++) {
      double more = room > 0 ? fitting * (capacity - busy[i]) / room : 0;
      double part = (busy[i] + more + (rest - fitting) / count) / Math.max(1, used.sum());
      // The last one takes what rounding leaves over, so that nothing is lost.
      shares[i] = i == count - 1 ? left : used.times(part);
      left = left.since(shares[i]);
    }
    return shares;
  }

  private static long since(List<Long> earlier, List<Long> now, int cpu) {
    long before = cpu < earlier.size() ? earlier.get(cpu) : 0;
    return cpu < now.size() ? Math.max(0, now.get(cpu) - before) : 0;
  }

  @GuardedBy("this")
  private CpuTimes reading(VisibleCpus cpus) {
    long idle = 0;
    for (Account account : accounts) {
      idle += account.idleNanos;
    }
    List<CpuTimes.Cpu> visible = new ArrayList<>(cpus.count());
    List<Integer> numbers = new ArrayList<>(cpus.count());
    for (int i = 0; i < cpus.count(); i++) {
      numbers.add(cpus.number(i));
      visible.add(accounts.get(cpus.number(i)).reading());
    }
    return new CpuTimes(new CpuTimes.Cpu(total, idle), visible, numbers);
  }
}
