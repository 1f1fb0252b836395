// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.host.ProcessStat;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.ExhaustedException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A look at each thread of a container, which may be interrupted and gone on with: 20,000 threads
 * take most of a second. Of one thread at a time.
 */
final class Look {
  private final Processes processes;
  private final long usedNanos;
  private final int nodePid;
  private final int[] tids;
  private int next;

  private int oldest;
  private Duration start = Duration.ofSeconds(Long.MAX_VALUE);
  private int running;
  private int blocked;
  private int total;
  private int youngest;

  private Look(Processes processes, long usedNanos, int nodePid, int[] tids) {
    this.processes = processes;
    this.usedNanos = usedNanos;
    this.nodePid = nodePid;
    this.tids = tids;
  }

  /**
   * Asks for the threads.
   *
   * @param isOver whether there is no more time
   * @return empty where they are more than may be looked at, or it takes too long
   * @throws IOException the cgroup is gone
   */
  static Optional<Look> begin(Cgroup cgroup, Processes processes, BooleanSupplier isOver)
      throws IOException {
    int nodePid = processes.lastPid();
    long used = cgroup.usedNanos();
    return cgroup.threads(isOver).map(tids -> new Look(processes, used, nodePid, tids));
  }

  /**
   * Looks at those that are left.
   *
   * @return whether it was all of them; else there was no more time
   */
  boolean goOn(BooleanSupplier isOver) throws ExhaustedException {
    while (next < tids.length) {
      if (isOver.getAsBoolean()) {
        return false;
      }
      lookAt(tids[next++]);
    }
    return true;
  }

  private void lookAt(int tid) throws ExhaustedException {
    ProcessStat stat;
    try {
      stat = processes.threadStat(tid);
    } catch (ExhaustedException e) {
      throw e;
    } catch (IOException e) {
      return; // ended
    }
    total++;
    youngest = Math.max(youngest, tid);
    if (stat.start().compareTo(start) < 0) {
      oldest = tid;
      start = stat.start();
    }
    switch (stat.state()) {
      case 'R' -> running++;
      case 'D' -> blocked++;
      default -> {}
    }
  }

  /** What was found. */
  Census census() {
    return new Census(
        usedNanos,
        oldest,
        start,
        running,
        blocked,
        total,
        total == 0 ? 0 : ownPid(youngest),
        nodePid);
  }

  /** A thread's number in the pid namespace of the oldest. */
  private int ownPid(int tid) {
    try {
      int depth = processes.status(oldest).namespacePids().size();
      List<Integer> pids = processes.status(tid).namespacePids();
      return pids.isEmpty() ? 0 : pids.get(Math.clamp(depth, 1, pids.size()) - 1);
    } catch (IOException e) {
      return 0;
    }
  }
}
