// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.FlatKeyed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  /** Bytes by the key of /proc/meminfo. */
  Map<String, Long> meminfo(FlatKeyed stat) {
    Map<String, Long> bytes = HashMap.newHashMap(lines.size());
    for (Map.Entry<String, List<String>> line : lines.entrySet()) {
      long sum = 0;
      for (String key : line.getValue()) {
        sum += stat.getOrZero(key);
      }
      bytes.put(line.getKey(), sum);
    }
    return bytes;
  }
}
