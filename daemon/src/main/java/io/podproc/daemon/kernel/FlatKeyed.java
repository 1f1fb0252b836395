// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A "flat keyed" file such as memory.stat or cpu.stat: lines of {@code KEY VALUE}. A line that is
 * cut short or whose value is no number is passed over; a key that is not there has no value.
 */
public final class FlatKeyed {
  private final Map<String, Long> values;

  private FlatKeyed(Map<String, Long> values) {
    this.values = values;
  }

  public static FlatKeyed parse(String text) {
    Map<String, Long> values = new HashMap<>();
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      if (end < 0) {
        end = text.length();
      }
      int blank = text.indexOf(' ', start);
      if (blank > start && blank < end) {
        OptionalLong value = Numbers.parse(text, blank + 1, end);
        if (value.isPresent()) {
          values.put(text.substring(start, blank), value.getAsLong());
        }
      }
      start = end + 1;
    }
    return new FlatKeyed(values);
  }

  public OptionalLong get(String key) {
    Long value = values.get(key);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** The value, or 0 where a kernel without that key counts nothing under it. */
  public long getOrZero(String key) {
    return values.getOrDefault(key, 0L);
  }
}
