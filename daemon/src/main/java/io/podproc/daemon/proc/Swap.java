// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.Meminfo;

/**
 * A container's swap in bytes, as meminfo and swaps both tell it.
 *
 * @param total the tightest limit, but no more than the host has
 * @param used at most {@code total}
 * @param free the rest, so that what tools take for used is the container's own use; whether the
 *     host has as much left is not asked
 */
record Swap(long total, long used, long free) {
  private static final Swap NONE = new Swap(0, 0, 0);

  /** Whether there is any that a container might use. */
  static boolean has(Meminfo host) {
    return host.bytes("SwapTotal").orElse(0) > 0;
  }

  static Swap of(Meminfo host, MemoryFacts cgroup, boolean show) {
    long hostTotal = host.bytes("SwapTotal").orElse(0);
    long total = Math.min(cgroup.swapLimit().orElse(Long.MAX_VALUE), hostTotal);
    if (!show || total <= 0) {
      return NONE;
    }
    long used = Math.clamp(cgroup.swapUsage(), 0, total);
    return new Swap(total, used, total - used);
  }
}
