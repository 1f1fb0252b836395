// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The kernel's unsigned decimal numbers. What is none is empty; what is too large is the largest
 * long.
 */
public final class Numbers {
  private Numbers() {}

  /**
   * The number that {@code text}, blanks around it aside, consists of; empty for "max" and the
   * like.
   */
  public static OptionalLong parse(String text) {
    return parse(text, 0, text.length());
  }

  /** As {@link #parse(String)}, of the characters from {@code start} up to {@code end}. */
  public static OptionalLong parse(CharSequence text, int start, int end) {
    int from = start;
    int to = end;
    while (from < to && text.charAt(from) <= ' ') {
      from++;
    }
    while (to > from && text.charAt(to - 1) <= ' ') {
      to--;
    }
    if (from == to) {
      return OptionalLong.empty();
    }
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return OptionalLong.empty();
      }
      value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
    }
    return OptionalLong.of(value);
  }

  /**
   * As {@link #parse(CharSequence, int, int)}, of bytes, and made for those who parse much.
   *
   * @return -1 for what is no number
   */
  static long parse(byte[] text, int start, int end) {
    int from = start;
    int to = end;
    while (from < to && text[from] <= ' ' && text[from] >= 0) {
      from++;
    }
    while (to > from && text[to - 1] <= ' ' && text[to - 1] >= 0) {
      to--;
    }
    if (from == to) {
      return -1;
    }
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = text[i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
    }
    return value;
  }

  /** The words of a text as numbers, in their order; 0 for a word that is none. */
  public static List<Long> words(byte[] text, int length) {
    List<Long> numbers = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= length; i++) {
      if (i == length || text[i] == ' ' || text[i] == '\n') {
        if (i > start) {
          numbers.add(Math.max(0, parse(text, start, i)));
        }
        start = i + 1;
      }
    }
    return numbers;
  }

  /** A product of numbers that are not negative; the largest long where it is larger. */
  public static long times(long number, long factor) {
    return number > Long.MAX_VALUE / factor ? Long.MAX_VALUE : number * factor;
  }
}
