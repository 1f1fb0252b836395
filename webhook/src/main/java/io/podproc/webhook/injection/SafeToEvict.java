// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps files of ours from holding a node. Cluster Autoscaler removes no node with a pod that has a
 * local volume, hostPath or emptyDir, which its annotation does not name: names of volumes, with
 * commas alone between them (its {@code utils/drain}: {@code HasBlockingLocalStorage}). Ours hold
 * nothing that would be lost. The user's own volumes go on to decide as the user wants.
 */
final class SafeToEvict {
  static final String VOLUMES = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

  /** Says of the whole pod what would be said of volumes: true or false. */
  private static final String POD = "cluster-autoscaler.kubernetes.io/safe-to-evict";

  /** Of names and values of all annotations, in bytes ({@code TotalAnnotationSizeLimitB}). */
  static final int MAX_SIZE = 256 << 10;

  private SafeToEvict() {}

  /**
   * The annotation, where it is to be another than it is: what the user has written, and the rest
   * behind it.
   *
   * @param names of volumes
   * @throws Full if the API server would refuse a pod with so long annotations
   */
  static Optional<String> naming(List<String> names, JsonNode annotations) throws Full {
    String present = annotations.path(VOLUMES).asText("");
    Set<String> missing = new LinkedHashSet<>(names);
    Arrays.asList(present.split(",", -1)).forEach(missing::remove);
    if (missing.isEmpty() || isDecided(annotations.path(POD).asText(""))) {
      return Optional.empty();
    }
    String value = (present.isEmpty() ? "" : present + ",") + String.join(",", missing);
    long others =
        annotations.properties().stream()
            .filter(annotation -> !annotation.getKey().equals(VOLUMES))
            .mapToLong(SafeToEvict::size)
            .sum();
    if (others + bytes(VOLUMES) + bytes(value) > MAX_SIZE) {
      throw new Full();
    }
    return Optional.of(value);
  }

  /** The pod's own word on itself counts, whatever volumes it has. */
  private static boolean isDecided(String word) {
    return word.equals("true") || word.equals("false");
  }

  private static long size(Map.Entry<String, JsonNode> annotation) {
    return bytes(annotation.getKey()) + bytes(annotation.getValue().asText());
  }

  /** In UTF-8. */
  private static long bytes(String text) {
    return text.codePoints()
        .mapToLong(c -> c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4)
        .sum();
  }

  /** There is no room for it. */
  static final class Full extends Exception {
    private static final long serialVersionUID = 1;
  }
}
