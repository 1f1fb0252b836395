// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.List;

/**
 * The CPU time that a cgroup and those below it have used since they were made.
 *
 * @param total of all CPUs
 * @param perCpuNanos the same by CPU number; empty where the kernel does not tell (cgroup v2)
 */
public record CpuUsage(CpuTime total, List<Long> perCpuNanos) {}
