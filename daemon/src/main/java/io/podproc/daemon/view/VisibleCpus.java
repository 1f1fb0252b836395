// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.CpuLimits;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.kernel.CpuList;
import io.podproc.rules.CpuWish;
import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The CPUs that a container sees, as 0, 1, 2… whatever the host calls them, or by the host's
 * numbers. The one answer that cpuinfo, stat, uptime and the lists in /sys all give.
 *
 * @param hostNumbers the host's number of each, ascending; at least one
 * @param capacity how much CPU time the container may use in a second, in seconds: greater than 0
 *     and at most the number of CPUs
 * @param keepsNumbers whether they are shown by the host's numbers
 * @param isBound whether the kernel holds the container to that capacity; else it may use more
 */
public record VisibleCpus(
    List<Integer> hostNumbers, double capacity, boolean keepsNumbers, boolean isBound) {
  /** Those that a container is held to. */
  public VisibleCpus(List<Integer> hostNumbers, double capacity, boolean keepsNumbers) {
    this(hostNumbers, capacity, keepsNumbers, true);
  }

  /**
   * What a container is shown.
   *
   * @param policy the daemon's
   * @param wish its pod's
   * @param online the host's CPUs, which count where the cpuset is not known
   */
  public static VisibleCpus of(Cgroup cgroup, CpuPolicy policy, CpuList online, CpuWish wish)
      throws IOException {
    VisibleCpus all = of(cgroup.cpuLimits(), policy.with(wish.kind()), online);
    return switch (wish.kind()) {
      case USUAL, LIMIT, CPUSET -> all;
      case NUMBER -> all.within(wish.most(), policy);
      case REQUEST -> {
        OptionalDouble requested = cgroup.requestedCpus();
        yield requested.isPresent() ? all.within(requested.getAsDouble(), policy) : all;
      }
    };
  }

  /**
   * min(⌈quota⌉, CPUs in the cpuset), at least 1.
   *
   * @param online the host's CPUs, which count where the cpuset is not known
   */
  public static VisibleCpus of(CpuLimits limits, CpuPolicy policy, CpuList online) {
    CpuList usable = limits.cpuset().isEmpty() ? online : limits.cpuset();
    int most = Math.max(1, usable.size());
    double quota = policy == CpuPolicy.CPUSET ? most : limits.quota().orElse(most);
    int count = (int) Math.clamp(Math.ceil(quota), 1, most);
    // A quota is at least 1 ms in 1 s, by kernel/sched/core.c:tg_set_cfs_bandwidth; 0 can't be.
    return new VisibleCpus(
        usable.isEmpty() ? List.of(0) : usable.lowest(count),
        Math.clamp(quota, 0.001, count),
        policy == CpuPolicy.BINDABLE || quota >= most);
  }

  /**
   * The lowest of them, as on a smaller machine, so that there are no more than so many; at least
   * one. They keep their numbers where programs are to be bound to them.
   *
   * @param most CPUs, greater than 0
   */
  public VisibleCpus within(double most, CpuPolicy policy) {
    if (most >= capacity) {
      return this;
    }
    int count = (int) Math.clamp(Math.ceil(most), 1, count());
    return new VisibleCpus(
        hostNumbers.subList(0, count),
        Math.min(capacity, Math.max(most, CpuWish.LEAST)),
        keepsNumbers && (count == count() || policy == CpuPolicy.BINDABLE),
        false);
  }

  public int count() {
    return hostNumbers.size();
  }

  /** What the {@code i}th is called. */
  public int number(int i) {
    return keepsNumbers ? hostNumbers.get(i) : i;
  }

  /** As the kernel lists CPUs, {@code 0-3}. */
  public String list() {
    return shown().toString();
  }

  /** As the kernel maps them, {@code f}. */
  public String mask() {
    return shown().mask();
  }

  /** The node's CPUs that are not shown, as a list. */
  public String offline(HostFacts host) throws IOException {
    return host.possibleCpus().without(shown()).toString();
  }

  private CpuList shown() {
    return keepsNumbers ? CpuList.of(hostNumbers) : CpuList.first(count());
  }
}
