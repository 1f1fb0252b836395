// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The files that a pod's annotation names: paths, separated by commas; {@code default} stands for
 * those of pods that name none.
 *
 * @param files may be empty: then the pod gets none
 * @param unknown words that name no file
 */
public record FilesWish<F>(Set<F> files, List<String> unknown) {
  /** Of pods. */
  public static final String ANNOTATION = "podproc.io/files";

  public static final String DEFAULT = "default";

  /**
   * Reads the annotation.
   *
   * @param usual the files of pods that name none
   * @param at the file at a path
   */
  public static <F> FilesWish<F> read(
      String annotation, Collection<F> usual, Function<String, Optional<F>> at) {
    Set<F> files = new LinkedHashSet<>();
    List<String> unknown = new ArrayList<>();
    for (String each : annotation.split(",", -1)) {
      String word = each.strip();
      if (word.equals(DEFAULT)) {
        files.addAll(usual);
      } else if (!word.isEmpty()) {
        Optional<F> file = at.apply(word);
        if (file.isPresent()) {
          files.add(file.get());
        } else {
          unknown.add(word);
        }
      }
    }
    return new FilesWish<>(files, unknown);
  }
}
