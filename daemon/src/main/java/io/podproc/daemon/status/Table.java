// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.log.OneLine;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/** Rows of words in columns, for people. */
final class Table {
  private static final String GAP = "   ";
  private static final List<String> UNITS = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi");

  private final List<List<String>> rows = new ArrayList<>();
  private final String indent;

  /**
   * @param indent what each row begins with
   */
  Table(String indent, String... head) {
    this.indent = indent;
    row(head);
  }

  /** Adds one, of as many words as all others. */
  void row(String... words) {
    rows.add(Arrays.stream(words).map(OneLine::of).toList());
  }

  @Override
  public String toString() {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int i = 0; i < columns; i++) {
        String word = row.get(i);
        line.append(word).append(" ".repeat(widths[i] - word.length())).append(GAP);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** Bytes as Kubernetes writes them, {@code 256Mi}. */
  static String bytes(long bytes) {
    double value = (double) bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.size() - 1) {
      value /= 1024;
      unit++;
    }
    return number(value, 1) + UNITS.get(unit);
  }

  static String bytes(OptionalDouble bytes) {
    return bytes.isPresent() ? bytes((long) bytes.getAsDouble()) : "no limit";
  }

  /** With so many decimals at most. */
  static String number(double value, int decimals) {
    return BigDecimal.valueOf(value)
        .setScale(decimals, RoundingMode.HALF_UP)
        .stripTrailingZeros()
        .toPlainString();
  }

  /** As {@code kubectl} has ages, {@code 3h12m}. */
  static String time(long seconds) {
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return seconds / 60 + "m" + seconds % 60 + "s";
    }
    return seconds < 86_400
        ? seconds / 3600 + "h" + seconds / 60 % 60 + "m"
        : seconds / 86_400 + "d" + seconds / 3600 % 24 + "h";
  }
}
