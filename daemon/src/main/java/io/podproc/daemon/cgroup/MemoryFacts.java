// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

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
 * @param meminfo the lines of /proc/meminfo that this version of cgroups accounts
 */
public record MemoryFacts(
    OptionalLong limit,
    long usage,
    OptionalLong swapLimit,
    long swapUsage,
    long activeFile,
    long inactiveFile,
    long reclaimableSlab,
    Lines meminfo) {
  /** Lines of /proc/meminfo. */
  public interface Lines {
    /**
     * What a line tells of the cgroup, in bytes; empty where that is not accounted.
     *
     * @param key as {@code AnonPages}
     */
    OptionalLong bytes(String key);
  }
}
