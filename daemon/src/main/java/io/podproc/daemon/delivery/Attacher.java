// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import java.util.List;
import java.util.Set;

/**
 * Brings files to containers. Level-triggered: what is wanted is compared with what is there. It
 * never blocks longer than its deadline, a second a container. May be called by several threads at
 * once.
 */
public interface Attacher {
  /** Containers of pods that run now, by a look at the cgroup tree; bounded. */
  List<PodContainer> containers();

  /**
   * Brings exactly these files to one container, and takes away what this way brought besides. What
   * the user or the webhook mounted stays. Idempotent.
   *
   * @param files of podproc's, by their paths in the container, as {@code /proc/meminfo}; empty:
   *     all that this way brought is taken away
   * @param explicitly the pod itself is labelled: {@link Kind#PRIVILEGED} ones get files, too
   */
  Outcome bring(PodContainer container, Set<String> files, boolean explicitly);
}
