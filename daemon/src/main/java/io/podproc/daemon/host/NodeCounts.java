// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import java.util.ArrayList;
import java.util.List;

/**
 * What the node counts as a whole and accounts to no cgroup (fs/proc/stat.c:show_stat).
 *
 * @param softInterrupts their sum, then those of each kind
 */
public record NodeCounts(long interrupts, long contextSwitches, List<Long> softInterrupts) {
  /** What came since; what went backwards, or was not counted then, is 0 or all of it. */
  public NodeCounts since(NodeCounts earlier) {
    List<Long> soft = new ArrayList<>(softInterrupts.size());
    for (int i = 0; i < softInterrupts.size(); i++) {
      long before = i < earlier.softInterrupts.size() ? earlier.softInterrupts.get(i) : 0;
      soft.add(Math.max(0, softInterrupts.get(i) - before));
    }
    return new NodeCounts(
        Math.max(0, interrupts - earlier.interrupts),
        Math.max(0, contextSwitches - earlier.contextSwitches),
        List.copyOf(soft));
  }
}
