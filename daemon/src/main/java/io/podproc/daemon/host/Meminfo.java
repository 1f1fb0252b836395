// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.Numbers;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * /proc/meminfo, its lines in the kernel's order (fs/proc/meminfo.c:meminfo_proc_show).
 *
 * @param lines every line, also those that podproc knows nothing of
 */
public record Meminfo(List<Line> lines) {
  /**
   * A line, whatever it says.
   *
   * @param key what stands before the colon; the whole line where there is none
   * @param kilobytes the value where it is one in kB, empty for a plain count or a line cut short
   * @param text the line as the kernel wrote it, without its end
   */
  public record Line(String key, OptionalLong kilobytes, String text) {}

  public static Meminfo parse(String text) {
    return new Meminfo(text.lines().map(Meminfo::parseLine).toList());
  }

  /** Lines of {@code Node 0 KEY: VALUE kB} (drivers/base/node.c:node_read_meminfo). */
  static Meminfo parseOfNode(String text) {
    return new Meminfo(
        text.lines().map(line -> parseLine(line.replaceFirst("^Node \\d+ ", ""))).toList());
  }

  private static Line parseLine(String line) {
    int colon = line.indexOf(':');
    if (colon < 0) {
      return new Line(line, OptionalLong.empty(), line);
    }
    OptionalLong kilobytes =
        line.endsWith(" kB")
            ? Numbers.parse(line, colon + 1, line.length() - 3)
            : OptionalLong.empty();
    return new Line(line.substring(0, colon), kilobytes, line);
  }

  /** The first line with a key; empty where there is none. */
  public Optional<Line> line(String key) {
    return lines.stream().filter(line -> line.key.equals(key)).findFirst();
  }

  /** The value of a line in bytes; empty where the kernel has no such line. */
  public OptionalLong bytes(String key) {
    for (Line line : lines) {
      if (line.key.equals(key) && line.kilobytes.isPresent()) {
        return OptionalLong.of(Numbers.times(line.kilobytes.getAsLong(), 1024));
      }
    }
    return OptionalLong.empty();
  }
}
