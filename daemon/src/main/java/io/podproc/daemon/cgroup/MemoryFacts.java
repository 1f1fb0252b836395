// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.Map;
import java.util.OptionalLong;

/**
 * A cgroup's memory, in bytes.
 *
 * @param limit the tightest limit over the cgroup and its ancestors; empty where none is set
 * @param usage all that is charged to the cgroup and those below it
 * @param swapLimit how much of it may be in swap, the tightest limit likewise; empty where none is
 *     set
 * @param swapUsage how much of it is in swap
 * @param activeFile page cache on the active list
 * @param inactiveFile page cache on the inactive list
 * @param reclaimableSlab kernel objects that the kernel can free when memory is short
 * @param meminfo bytes by the key of /proc/meminfo, for each of its lines that this version of
 *     cgroups accounts
 */
public record MemoryFacts(
    OptionalLong limit,
    long usage,
    OptionalLong swapLimit,
    long swapUsage,
    long activeFile,
    long inactiveFile,
    long reclaimableSlab,
    Map<String, Long> meminfo) {}
