// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.ProcessStat;
import io.podproc.daemon.host.ProcessStatus;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.ExhaustedException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

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
   * The first process of the outermost pid namespace below the daemon's that the caller is in;
   * empty where the caller was put into it from outside, or descends from too many.
   *
   * @throws IOException the caller has ended
   */
  Optional<Integer> init() throws IOException {
    int pid = tid;
    for (int i = 0; i < MAX_GENERATIONS && pid > 0; i++) {
      ProcessStatus status = processes.status(pid);
      if (status.isInit()) {
        return Optional.of(pid);
      }
      if (status.namespacePids().size() < 2) {
        break; // outside of it
      }
      pid = status.parent();
    }
    return Optional.empty();
  }
}
