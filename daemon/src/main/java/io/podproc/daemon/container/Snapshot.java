// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.view.Load;
import io.podproc.rules.Shown;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a daemon leaves to the next, so that no counter goes backwards and no load falls to 0. It
 * may be lost: then accounts begin anew.
 *
 * @param sampledNanos when the load was last sampled, on the clock of {@link System#nanoTime()},
 *     which is the machine's (CLOCK_MONOTONIC)
 * @param containers those that were known
 */
public record Snapshot(long sampledNanos, List<OfContainer> containers) {
  /**
   * Of one container.
   *
   * @param paths where its cgroup is
   * @param oldest the host's pid of its oldest process
   * @param start of that process, counted from boot: with another one it is another container
   * @param cpu its CPU accounts; empty while nobody has asked for them
   * @param load as of the last sample
   * @param nodePid the largest pid that had been given out on the node by then
   * @param firstCounts what the node had counted when the container first looked; empty while it
   *     has not
   * @param shown what it was shown of itself, by the wish of its pod
   */
  public record OfContainer(
      ProcCgroup paths,
      int oldest,
      Duration start,
      Optional<Accounts> cpu,
      Load load,
      int nodePid,
      Optional<NodeCounts> firstCounts,
      Shown shown) {}

  /**
   * Of a container's CPUs.
   *
   * @param bookedNanos until when they are booked, on the clock of {@link System#nanoTime()}
   * @param last what the cgroup had used then
   * @param total what was booked in all
   * @param cpus of each CPU
   */
  public record Accounts(long bookedNanos, CpuUsage last, CpuTime total, List<Account> cpus) {}

  /**
   * Of one CPU.
   *
   * @param capacityNanos what might have been used
   */
  public record Account(CpuTime used, double capacityNanos, long idleNanos) {}
}
