// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.CpuList;
import java.util.OptionalDouble;

/**
 * How much CPU a cgroup may use.
 *
 * @param quota the tightest quota over the cgroup and its ancestors, in CPUs (1.5 is 150 ms of CPU
 *     time each 100 ms); empty where none is set
 * @param cpuset the CPUs that the cgroup may run on; empty where the kernel does not tell, which
 *     means all
 */
public record CpuLimits(OptionalDouble quota, CpuList cpuset) {}
