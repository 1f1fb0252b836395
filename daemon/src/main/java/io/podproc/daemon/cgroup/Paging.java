// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.Map;

/**
 * What a cgroup faulted in, reclaimed and moved, since it was made.
 *
 * @param events by their names in /proc/vmstat, as far as the kernel counts them for cgroups
 * @param io what was read and written, by {@code major:minor}; empty where that is not accounted
 */
public record Paging(Map<String, Long> events, Map<String, IoCounters> io) {}
