// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * /proc/cpuinfo, cut at its blank lines.
 *
 * @param parts the CPUs and what stands around them, such as arm's {@code Hardware} lines
 */
public record Cpuinfo(List<Part> parts) {
  /**
   * The lines between two blank ones.
   *
   * @param cpu the number after {@code processor}; empty for text that is no CPU's
   * @param lines without the blank line that ends the part
   */
  public record Part(OptionalLong cpu, List<Line> lines) {}

  /**
   * A line, whatever it says.
   *
   * @param key what stands before the colon, blanks and tabs cut off; empty where there is none
   * @param text the whole line, without its end
   */
  public record Line(String key, String text) {
    public static Line of(String text) {
      int colon = text.indexOf(':');
      return new Line(colon < 0 ? "" : text.substring(0, colon).stripTrailing(), text);
    }
  }

  static Cpuinfo parse(String text) {
    List<Part> parts = new ArrayList<>();
    List<Line> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      if (!line.isBlank()) {
        lines.add(Line.of(line));
      } else if (!lines.isEmpty()) {
        parts.add(part(lines));
        lines.clear();
      }
    }
    if (!lines.isEmpty()) {
      parts.add(part(lines));
    }
    return new Cpuinfo(List.copyOf(parts));
  }

  private static Part part(List<Line> lines) {
    OptionalLong cpu = OptionalLong.empty();
    for (Line line : lines) {
      if (line.key.equals("processor")) {
        cpu = Numbers.parse(line.text.substring(line.text.indexOf(':') + 1));
        break;
      }
    }
    return new Part(cpu, List.copyOf(lines));
  }
}
