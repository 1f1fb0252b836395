// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.Numbers;
import java.util.ArrayList;
import java.util.List;

/**
 * /proc/stat without its cpu lines (fs/proc/stat.c:show_stat).
 *
 * @param lines intr, ctxt, btime, processes, procs_running, procs_blocked, softirq and whatever a
 *     later kernel adds, in the kernel's order
 * @param counts what intr, ctxt and softirq tell
 */
public record HostStat(List<Line> lines, NodeCounts counts) {
  /**
   * A line, whatever it says.
   *
   * @param key the first word
   * @param text the whole line, without its end
   * @param numbers how many words follow
   */
  public record Line(String key, String text, int numbers) {
    static Line of(String text) {
      return new Line(
          text.split(" ", 2)[0], text, (int) text.chars().filter(letter -> letter == ' ').count());
    }
  }

  public static HostStat parse(String text) {
    List<Line> lines =
        text.lines()
            .filter(line -> !line.isBlank() && !line.startsWith("cpu"))
            .map(Line::of)
            .toList();
    return new HostStat(lines, counts(lines));
  }

  private static NodeCounts counts(List<Line> lines) {
    long interrupts = 0;
    long switches = 0;
    List<Long> soft = List.of();
    for (Line line : lines) {
      switch (line.key) {
        case "intr" -> interrupts = first(line);
        case "ctxt" -> switches = first(line);
        case "softirq" -> soft = all(line);
        default -> {}
      }
    }
    return new NodeCounts(interrupts, switches, soft);
  }

  /** Of thousands of interrupts the sum alone. */
  private static long first(Line line) {
    int end = line.text.indexOf(' ', line.key.length() + 1);
    return Numbers.parse(line.text, line.key.length(), end < 0 ? line.text.length() : end)
        .orElse(0);
  }

  private static List<Long> all(Line line) {
    List<Long> numbers = new ArrayList<>();
    for (String word : line.text.substring(line.key.length()).trim().split(" ", -1)) {
      numbers.add(Numbers.parse(word).orElse(0));
    }
    return List.copyOf(numbers);
  }
}
