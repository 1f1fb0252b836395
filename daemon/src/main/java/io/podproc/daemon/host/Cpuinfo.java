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
  public record Part(OptionalLong cpu, List<String> lines) {}

  static Cpuinfo parse(String text) {
    List<Part> parts = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      if (!line.isBlank()) {
        lines.add(line);
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

  private static Part part(List<String> lines) {
    OptionalLong cpu = OptionalLong.empty();
    for (String line : lines) {
      if (key(line).equals("processor")) {
        cpu = Numbers.parse(line.substring(line.indexOf(':') + 1));
        break;
      }
    }
    return new Part(cpu, List.copyOf(lines));
  }

  /** What stands before a line's colon, blanks and tabs cut off; empty where there is none. */
  public static String key(String line) {
    int colon = line.indexOf(':');
    return colon < 0 ? "" : line.substring(0, colon).stripTrailing();
  }
}
