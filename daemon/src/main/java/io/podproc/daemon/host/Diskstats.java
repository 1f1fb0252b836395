// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The block devices of /proc/diskstats (block/genhd.c:diskstats_show).
 *
 * @param names device names by {@code major:minor}, in the kernel's order
 */
public record Diskstats(Map<String, String> names) {
  static Diskstats parse(String text) {
    Map<String, String> names = new LinkedHashMap<>();
    text.lines()
        .map(line -> line.trim().split("\\s+", 4))
        .filter(words -> words.length >= 3)
        .forEach(words -> names.put(words[0] + ":" + words[1], words[2]));
    return new Diskstats(names);
  }
}
