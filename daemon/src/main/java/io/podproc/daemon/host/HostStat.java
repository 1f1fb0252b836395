// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import java.util.List;

/**
 * /proc/stat without its cpu lines (fs/proc/stat.c:show_stat).
 *
 * @param lines intr, ctxt, btime, processes, procs_running, procs_blocked, softirq and whatever a
 *     later kernel adds, in the kernel's order
 */
public record HostStat(List<Line> lines) {
  /**
   * A line, whatever it says.
   *
   * @param key the first word
   * @param text the whole line, without its end
   */
  public record Line(String key, String text) {}

  static HostStat parse(String text) {
    return new HostStat(
        text.lines()
            .filter(line -> !line.isBlank() && !line.startsWith("cpu"))
            .map(line -> new Line(line.split(" ", 2)[0], line))
            .toList());
  }
}
