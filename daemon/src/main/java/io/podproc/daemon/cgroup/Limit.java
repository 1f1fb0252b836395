// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.kernel.Numbers;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What one level of the hierarchy says of one resource, for people who ask where a number is from.
 *
 * @param directory of the cgroup, as the daemon sees it
 * @param file its name, as {@code memory.max}; of two that belong together, with a blank in between
 * @param text what it says
 * @param value in CPUs, or in bytes; empty where it sets no limit
 */
public record Limit(
    Resource resource, String directory, String file, String text, OptionalDouble value) {
  /** What is limited. Of a cpuset the nearest level counts, of all others the least value. */
  public enum Resource {
    CPU,
    CPUSET,
    MEMORY,
    /** Memory in swap; with cgroup v1 memory and swap together. */
    SWAP
  }

  /** What version 1 has for no limit, PAGE_COUNTER_MAX, is this or a page more. */
  private static final long NO_LIMIT = Long.MAX_VALUE >> 16 << 16;

  static OptionalDouble bytes(String text) {
    OptionalLong bytes = Numbers.parse(text);
    return bytes.isPresent() && bytes.getAsLong() < NO_LIMIT
        ? OptionalDouble.of((double) bytes.getAsLong())
        : OptionalDouble.empty();
  }

  /** How many there are in a list, as {@code 0-3}. */
  static OptionalDouble cpus(String text) {
    int count = CpuList.parse(text).size();
    return count > 0 ? OptionalDouble.of(count) : OptionalDouble.empty();
  }
}
