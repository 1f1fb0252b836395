// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.FlatKeyed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** What is wanted of memory.stat, and which lines of /proc/meminfo that makes. */
final class MemoryStat {
  private final Map<String, List<String>> lines;
  private final FlatKeyed.Keys keys;

  /**
   * @param lines of /proc/meminfo, and for each the keys whose sum it is
   * @param others keys that are wanted besides
   */
  MemoryStat(Map<String, List<String>> lines, String... others) {
    this.lines = lines;
    List<String> wanted = new ArrayList<>(List.of(others));
    lines.values().forEach(wanted::addAll);
    this.keys = FlatKeyed.Keys.of(wanted);
  }

  FlatKeyed.Keys keys() {
    return keys;
  }

  /** The lines of /proc/meminfo. */
  MemoryFacts.Lines meminfo(FlatKeyed stat) {
    return line -> {
      List<String> wanted = lines.get(line);
      if (wanted == null) {
        return OptionalLong.empty();
      }
      long sum = 0;
      for (String key : wanted) {
        sum += stat.getOrZero(key);
      }
      return OptionalLong.of(sum);
    };
  }
}
