// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A "nested keyed" file such as io.stat: lines of {@code KEY SUBKEY=VALUE SUBKEY=VALUE…}. Keys keep
 * their order; what is cut short or no number is passed over, and so is a line without any number.
 */
public final class NestedKeyed {
  private NestedKeyed() {}

  public static Map<String, Map<String, Long>> parse(String text) {
    Map<String, Map<String, Long>> lines = new LinkedHashMap<>();
    text.lines()
        .forEach(line -> {
          String key = "";
          Map<String, Long> values = new LinkedHashMap<>();
          for (String word : line.trim().split("\\s+", -1)) {
            int equals = word.indexOf('=');
            if (equals < 0 && values.isEmpty()) {
              // Of several the last: Linux 5.15 leaves out the ends of lines without values.
              key = word;
            } else if (equals > 0) {
              OptionalLong value = Numbers.parse(word.substring(equals + 1));
              if (value.isPresent()) {
                values.put(word.substring(0, equals), value.getAsLong());
              }
            }
          }
          if (!values.isEmpty()) {
            lines.put(key, values);
          }
        });
    return lines;
  }
}
