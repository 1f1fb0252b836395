// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What {@code kubectl} shows to the user: short lines, as they travel in HTTP headers. */
final class Warning {
  /** What the API server asks for; it cuts at 256, and counts all of a request up to 4096. */
  static final int MAX_LENGTH = 120;

  private static final String PREFIX = "podproc: ";

  private Warning() {}

  /** A line of at most {@link #MAX_LENGTH} characters; the text may hold words of the user's. */
  static String of(String text) {
    String line = PREFIX + text.replaceAll("[^\\x20-\\x7e]", "?");
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH - 3) + "...";
  }

  /** As many lines as it takes to list all words; some are cut off if the text leaves no room. */
  static List<String> listing(String text, Collection<String> words) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder(text);
    for (String word : words) {
      if (line.length() > text.length()
          && PREFIX.length() + line.length() + 1 + word.length() > MAX_LENGTH) {
        lines.add(of(line.toString()));
        line.setLength(text.length());
      }
      line.append(' ').append(word);
    }
    lines.add(of(line.toString()));
    return lines;
  }
}
