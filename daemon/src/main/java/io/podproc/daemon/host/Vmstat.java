// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import java.util.List;

/**
 * /proc/vmstat, its lines in the kernel's order (mm/vmstat.c:vmstat_show).
 *
 * @param lines every line, also those that podproc knows nothing of
 */
public record Vmstat(List<Line> lines) {
  /**
   * A line, whatever it says.
   *
   * @param key the first word
   * @param text the line as the kernel wrote it, without its end
   */
  public record Line(String key, String text) {}

  public static Vmstat parse(String text) {
    return new Vmstat(text.lines().map(line -> new Line(line.split(" ", 2)[0], line)).toList());
  }
}
