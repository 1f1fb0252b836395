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
  /**
   * As under a limit of so much. Where more is used than that, each part of it is told in
   * proportion, so that no sum of them exceeds the limit.
   *
   * @param wanted in bytes, more than 0; empty: as it is
   */
  public MemoryFacts within(OptionalLong wanted) {
    return wanted.isPresent() ? within(wanted.getAsLong()) : this;
  }

  MemoryFacts within(long most) {
    if (limit.isPresent() && limit.getAsLong() > 0 && limit.getAsLong() <= most) {
      return this;
    }
    OptionalLong tighter = OptionalLong.of(most);
    if (usage <= most) {
      return new MemoryFacts(
          tighter, usage, swapLimit, swapUsage, activeFile, inactiveFile, reclaimableSlab, meminfo);
    }
    double share = (double) most / usage;
    return new MemoryFacts(
        tighter,
        most,
        swapLimit,
        swapUsage,
        part(activeFile, share),
        part(inactiveFile, share),
        part(reclaimableSlab, share),
        key -> {
          OptionalLong bytes = meminfo.bytes(key);
          return bytes.isPresent()
              ? OptionalLong.of(part(bytes.getAsLong(), share))
              : OptionalLong.empty();
        });
  }

  private static long part(long bytes, double share) {
    return (long) (bytes * share);
  }

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
