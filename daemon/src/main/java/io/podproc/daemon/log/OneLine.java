// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

import java.util.Locale;

/**
 * What is shown to people may have been named by a container: a mount, a cgroup, a process. It must
 * neither begin a line of its own nor move a terminal's cursor nor turn the order of letters
 * around.
 */
public final class OneLine {
  private OneLine() {}

  /** The text with {@code \n}, {@code \}{@code u001b} and the like in place of what is not seen. */
  public static String of(String text) {
    if (text.codePoints().noneMatch(OneLine::isUnseen)) {
      return text;
    }
    StringBuilder seen = new StringBuilder();
    text.codePoints()
        .forEach(point -> {
          if (isUnseen(point)) {
            seen.append(escaped(point));
          } else {
            seen.appendCodePoint(point);
          }
        });
    return seen.toString();
  }

  private static String escaped(int point) {
    return switch (point) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format(Locale.ROOT, point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
    };
  }

  /** Format characters are those that reorder text, join it or take no room. */
  private static boolean isUnseen(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> false;
    };
  }
}
