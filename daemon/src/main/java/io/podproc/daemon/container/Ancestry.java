// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.ProcessStat;
import io.podproc.daemon.host.ProcessStatus;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.ExhaustedException;
import java.io.IOException;
import java.time.Duration;

/** A caller and those it descends from: a few reads, whatever the container has made. */
record Ancestry(Processes processes, int tid) {
  /** Shells in shells in shells. */
  private static final int MAX_GENERATIONS = 64;

  /**
   * When the first of them that is in a container began, counted from the host's boot. The
   * container is that old at least.
   *
   * @throws IOException the caller has ended
   */
  Duration start(ProcCgroup container) throws IOException {
    ProcessStat stat = processes.stat(tid);
    try {
      for (int i = 0; i < MAX_GENERATIONS && stat.parent() > 0; i++) {
        int parent = stat.parent();
        if (!ProcCgroup.parse(processes.cgroup(parent)).isWithin(container)) {
          break;
        }
        stat = processes.stat(parent);
      }
    } catch (ExhaustedException e) {
      throw e;
    } catch (IOException e) {
      // The parent has ended, and whose child it was is not known any more.
    }
    return stat.start();
  }

  /**
   * How far up the caller's pid namespaces below the daemon's were followed.
   *
   * @param pid of the process that was reached
   */
  record Oldest(int pid, ProcessStatus status) {
    /** Whether it is the first process of the outermost of them. */
    boolean isInit() {
      return status.isInit();
    }

    /** Whether the caller is in none, or was put in from outside. */
    boolean isOutside() {
      return !isInit() && (status.namespacePids().size() < 2 || status.parent() == 0);
    }
  }

  /**
   * The oldest of them in the caller's pid namespaces below the daemon's. Where it is neither the
   * first nor outside, the caller descends from too many.
   *
   * @throws IOException the caller has ended
   */
  Oldest oldest() throws IOException {
    ProcessStatus own = processes.status(tid);
    // A thread's parent is that of its process: for one of the first, outside.
    Oldest reached =
        own.process() == tid || own.process() == 0
            ? new Oldest(tid, own)
            : new Oldest(own.process(), processes.status(own.process()));
    for (int i = 1; i < MAX_GENERATIONS && !reached.isInit() && !reached.isOutside(); i++) {
      int parent = reached.status().parent();
      reached = new Oldest(parent, processes.status(parent));
    }
    return reached;
  }
}
