// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The text of a file taken apart: what it says, whatever blanks stand between. */
final class Fields {
  private static final List<String> CPU_TIMES =
      List.of(
          "user",
          "nice",
          "system",
          "idle",
          "iowait",
          "irq",
          "softirq",
          "steal",
          "guest",
          "guest_nice");
  private static final List<String> LOAD =
      List.of("load1", "load5", "load15", "running", "total", "last_pid");

  private Fields() {}

  /** Values by name, in the order of the text. */
  static Map<String, String> of(String path, String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    switch (path) {
      case "/proc/cpuinfo" -> cpuinfo(fields, text);
      case "/proc/meminfo" ->
          text.lines()
              .map(line -> line.split(":", 2))
              .forEach(words -> fields.put(words[0], words[1].strip()));
      case "/proc/stat" -> text.lines().forEach(line -> stat(fields, line.split(" +", -1)));
      case "/proc/uptime" -> name(fields, "", List.of("age", "idle"), words(text));
      case "/proc/loadavg" -> name(fields, "", LOAD, words(text.replace('/', ' ')));
      case "/proc/diskstats" ->
          text.lines().map(Fields::words).forEach(words -> fields.put(words[2], joined(words)));
      case "/proc/swaps" ->
          text.lines().map(Fields::words).forEach(words -> fields.put(words[0], joined(words)));
      default -> fields.put("text", text);
    }
    return fields;
  }

  private static void cpuinfo(Map<String, String> fields, String text) {
    int cpu = -1;
    for (String line : text.lines().toList()) {
      String[] words = line.split("\\s*:\\s*", 2);
      if (words[0].equals("processor")) {
        cpu++;
      }
      if (!line.isBlank()) {
        fields.put("cpu" + cpu + " " + words[0], words[1]);
      }
    }
  }

  private static void stat(Map<String, String> fields, String[] words) {
    if (words[0].startsWith("cpu")) {
      name(fields, words[0] + " ", CPU_TIMES, java.util.Arrays.copyOfRange(words, 1, words.length));
    } else {
      fields.put(words[0], words[1]); // of intr and softirq the sum
    }
  }

  private static void name(
      Map<String, String> fields, String prefix, List<String> names, String[] values) {
    for (int i = 0; i < values.length; i++) {
      fields.put(prefix + (i < names.size() ? names.get(i) : i), values[i]);
    }
  }

  private static String[] words(String line) {
    return line.strip().split("\\s+", -1);
  }

  private static String joined(String[] words) {
    return String.join(" ", words);
  }
}
