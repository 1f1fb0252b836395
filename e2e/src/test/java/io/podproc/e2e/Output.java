// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a command said.
 *
 * @param status its exit status
 * @param text standard output and error
 */
record Output(int status, String text) {
  /** The text of a command that must have succeeded. */
  String ok() {
    if (status != 0) {
      throw new AssertionError("exit status " + status + ":\n" + text);
    }
    return text;
  }

  List<String> lines() {
    return text.lines().toList();
  }

  /** The first match of a pattern, line by line, whose groups are numbers. */
  static List<Double> numbers(String text, String pattern) {
    return all(text, pattern).stream()
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + pattern + " in:\n" + text));
  }

  /** The first number that a pattern's only group matches. */
  static double number(String text, String pattern) {
    return numbers(text, pattern).getFirst();
  }

  /** The numbers of every match. */
  static List<List<Double>> all(String text, String pattern) {
    return Pattern.compile(pattern, Pattern.MULTILINE)
        .matcher(text)
        .results()
        .map(Output::groups)
        .toList();
  }

  private static List<Double> groups(MatchResult match) {
    return java.util.stream.IntStream.rangeClosed(1, match.groupCount())
        .mapToObj(group -> Double.valueOf(match.group(group)))
        .toList();
  }

  /** A line of {@code /proc/meminfo}, in kB. */
  static long kilobytes(String meminfo, String key) {
    return (long) number(meminfo, "^" + Pattern.quote(key) + ": +(\\d+)");
  }
}
