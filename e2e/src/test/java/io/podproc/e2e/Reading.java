// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What came of a pod of the manifest {@code reading}.
 *
 * @param reads how many files were read to their ends
 * @param errors how many were not
 * @param longestMillis the longest that one took, in milliseconds
 * @param slowest which file that was
 * @param erringMillis from the end of the first read that failed to that of the last, in
 *     milliseconds
 * @param views what MemTotal said, in kB, each time it said another
 * @param isEnded whether it was told to end; until then only the views are known
 * @param log all of it
 */
record Reading(
    long reads,
    long errors,
    long longestMillis,
    String slowest,
    long erringMillis,
    List<Long> views,
    boolean isEnded,
    String log) {
  private static final Pattern VIEW = Pattern.compile("^view (\\d+)$", Pattern.MULTILINE);
  private static final Pattern END =
      Pattern.compile("^end (\\d+) (\\d+) (\\d+) (\\S+) (\\d+)$", Pattern.MULTILINE);

  /** As its log says, whole or not yet. */
  static Reading of(String log) {
    List<Long> views =
        VIEW.matcher(log).results().map(view -> Long.valueOf(view.group(1))).toList();
    List<MatchResult> ends = END.matcher(log).results().toList();
    if (views.isEmpty()) {
      views = List.of(0L); // no view yet
    }
    if (ends.isEmpty()) {
      return new Reading(0, 0, 0, "-", 0, views, false, log);
    }
    MatchResult end = ends.getLast();
    return new Reading(
        Long.parseLong(end.group(1)),
        Long.parseLong(end.group(2)),
        Long.parseLong(end.group(3)) / 1_000_000,
        end.group(4),
        Long.parseLong(end.group(5)) / 1_000_000,
        views,
        true,
        log);
  }
}
