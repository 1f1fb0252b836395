// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import io.podproc.daemon.cgroup.CpuLimits;
import io.podproc.daemon.kernel.CpuList;
import java.util.List;

/**
 * The CPUs that a container sees, as 0, 1, 2… whatever the host calls them. The one answer that
 * cpuinfo, stat, uptime and cpu/online, present and possible all give.
 *
 * @param hostNumbers the host's number of each, ascending; at least one
 * @param capacity how much CPU time the container may use in a second, in seconds: greater than 0
 *     and at most the number of CPUs
 */
public record VisibleCpus(List<Integer> hostNumbers, double capacity) {
  /**
   * min(⌈quota⌉, CPUs in the cpuset), at least 1.
   *
   * @param online the host's CPUs, which count where the cpuset is not known
   */
  public static VisibleCpus of(CpuLimits limits, CpuPolicy policy, CpuList online) {
    CpuList usable = limits.cpuset().isEmpty() ? online : limits.cpuset();
    int most = Math.max(1, usable.size());
    double quota = policy == CpuPolicy.QUOTA ? limits.quota().orElse(most) : most;
    int count = (int) Math.clamp(Math.ceil(quota), 1, most);
    // A quota is at least 1 ms in 1 s, by kernel/sched/core.c:tg_set_cfs_bandwidth; 0 can't be.
    return new VisibleCpus(
        usable.isEmpty() ? List.of(0) : usable.lowest(count), Math.clamp(quota, 0.001, count));
  }

  public int count() {
    return hostNumbers.size();
  }
}
