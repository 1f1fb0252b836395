// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A "nested keyed" file such as io.stat: lines of {@code KEY SUBKEY=VALUE SUBKEY=VALUE…}. Keys keep
 * their order; what is cut short or no number is passed over.
 */
public final class NestedKeyed {
  private NestedKeyed() {}

  public static Map<String, Map<String, Long>> parse(String text) {
    Map<String, Map<String, Long>> lines = new LinkedHashMap<>();
    text.lines()
        .forEach(line -> {
          String[] words = line.trim().split("\\s+", -1);
          Map<String, Long> values = new LinkedHashMap<>();
          for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals > 0) {
              OptionalLong value = Numbers.parse(words[i].substring(equals + 1));
              if (value.isPresent()) {
                values.put(words[i].substring(0, equals), value.getAsLong());
              }
            }
          }
          if (!words[0].isEmpty()) {
            lines.put(words[0], values);
          }
        });
    return lines;
  }
}
