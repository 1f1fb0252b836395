// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import io.podproc.rules.ViewWish;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a user is told of annotations for what containers are to be shown. */
final class ViewWarnings {
  /** All warnings of a request have 4096 characters, and some are for other things. */
  private static final int MOST = 8;

  private ViewWarnings() {}

  /**
   * Of what can't be used, or is for nobody.
   *
   * @param nodeDelivery whether daemons know of annotations
   */
  static List<String> of(Pod pod, boolean nodeDelivery) {
    ViewWish wish = pod.view();
    if (wish.equals(ViewWish.NONE)) {
      return List.of();
    }
    List<String> faults = new ArrayList<>();
    if (!nodeDelivery) {
      faults.add(
          ViewWish.CPUS + " and " + ViewWish.MEMORY + " take delivery by the node, which is off");
    }
    faults.addAll(wish.faults());
    Set<String> containers =
        Stream.concat(pod.containers().stream(), pod.ephemeralContainers().stream())
            .map(Container::name)
            .collect(Collectors.toSet());
    wish.containers().stream()
        .filter(name -> !containers.contains(name))
        .forEach(name -> faults.add("annotated is a container that the pod has not: " + name));
    return faults.stream().limit(MOST).map(Warning::of).toList();
  }
}
