// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.Load;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The load of one container, and what it takes to know whether its threads must be looked at. */
final class LoadAccount {
  /** Finds the process whose pid namespace is the container's. */
  interface FirstProcess {
    int pid() throws IOException;
  }

  private final Cgroup cgroup;
  private final Processes processes;
  private final FirstProcess first;

  @GuardedBy("this")
  private LoadAverage average = new LoadAverage();

  // What the last look at all threads found.

  /** CPU time that the container had used before; -1 while nobody has looked. */
  @GuardedBy("this")
  private long usedNanos = -1;

  @GuardedBy("this")
  private int running;

  @GuardedBy("this")
  private int blocked;

  @GuardedBy("this")
  private int total;

  @GuardedBy("this")
  private int lastPid;

  LoadAccount(Cgroup cgroup, Processes processes, FirstProcess first) {
    this.cgroup = cgroup;
    this.processes = processes;
    this.first = first;
  }

  /** Goes on where another daemon left off. */
  synchronized void restore(Memory.OfContainer memory) {
    average = new LoadAverage(memory.load());
    lastPid = Math.max(lastPid, memory.lastPid());
  }

  synchronized List<Long> averages() {
    return average.values();
  }

  synchronized int lastPid() {
    return lastPid;
  }

  /** The load as of the last sample; the first time, the threads are counted on the spot. */
  synchronized Load load() throws IOException {
    if (usedNanos < 0) {
      look(cgroup.usedNanos());
    }
    return new Load(average.values(), running, blocked, total, lastPid);
  }

  /**
   * Takes the samples that have become due.
   *
   * @return whether the container still has threads
   * @throws IOException its cgroup is gone
   */
  synchronized boolean sample(long samples, Duration interval) throws IOException {
    long used = cgroup.usedNanos();
    // No thread gets into another state without running soon before or after, be it for a moment.
    if (used != usedNanos) {
      look(used);
    }
    average.advance(running + blocked, samples, interval);
    return total > 0;
  }

  @GuardedBy("this")
  private void look(long used) throws IOException {
    List<Integer> tids = cgroup.threads();
    usedNanos = used;
    running = 0;
    blocked = 0;
    total = 0;
    int youngest = 0;
    for (int tid : tids) {
      char state;
      try {
        state = processes.threadStat(tid).state();
      } catch (IOException e) {
        continue; // ended
      }
      total++;
      youngest = Math.max(youngest, tid);
      if (state == 'R') {
        running++;
      } else if (state == 'D') {
        blocked++;
      }
    }
    if (youngest > 0) {
      lastPid = Math.max(lastPid, ownPid(youngest));
    }
  }

  /** A thread's number in the container's pid namespace; the largest known so far if it ended. */
  private int ownPid(int tid) {
    try {
      int depth = processes.namespacePids(first.pid()).size();
      List<Integer> pids = processes.namespacePids(tid);
      return pids.isEmpty() ? 0 : pids.get(Math.clamp(depth, 1, pids.size()) - 1);
    } catch (IOException e) {
      return 0;
    }
  }
}
