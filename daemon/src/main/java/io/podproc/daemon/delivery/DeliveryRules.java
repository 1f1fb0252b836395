// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.daemon.delivery.PodStatus.Reason;
import io.podproc.rules.FilesWish;
import io.podproc.rules.OptIn;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an administrator has set, and what follows of it.
 *
 * @param ownNamespace that of podproc itself, whose pods get none
 * @param files all that podproc has, by their paths in a container
 * @param usual what pods get of them that name none
 */
public record DeliveryRules(String ownNamespace, Set<String> files, Set<String> usual) {
  /**
   * The annotation of a pod whose containers are checkpointed: CRIU knows no mount that came from
   * outside. Files that a webhook has mounted are none of these.
   */
  public static final String ATTACH = "podproc.io/attach";

  /**
   * What a pod's containers should have.
   *
   * @param namespaceLabels those of its namespace; empty where they are not known
   * @return empty where that can't be told
   */
  Optional<DesiredFiles> wanted(Pod pod, Optional<Map<String, String>> namespaceLabels) {
    if (!pod.attachable()
        || OptIn.anywhere(pod.wish(), pod.namespace(), ownNamespace).isPresent()) {
      return Optional.of(new DesiredFiles(Set.of(), false, pod.view()));
    }
    return namespaceLabels.map(labels -> wanted(pod, OptIn.within(labels, pod.wish())));
  }

  /** The same, with the names of the pod and the reason. */
  PodStatus standing(Pod pod, Optional<Map<String, String>> namespaceLabels) {
    return new PodStatus(
        pod.namespace(), pod.name(), wanted(pod, namespaceLabels), reason(pod, namespaceLabels));
  }

  /**
   * The same where nothing is known of a pod but its names: no label and no annotation.
   *
   * @param isNamed whether its namespace is one that was named as to get files
   */
  PodStatus standing(String namespace, String name, boolean isNamed) {
    Reason reason =
        OptIn.anywhere(Optional.empty(), namespace, ownNamespace)
            .map(decided -> Reason.valueOf(decided.name()))
            .orElse(isNamed ? Reason.NAMESPACE_NAMED : Reason.NAMESPACE_NOT_NAMED);
    Set<String> wanted = reason == Reason.NAMESPACE_NAMED ? usual : Set.of();
    return new PodStatus(namespace, name, Optional.of(new DesiredFiles(wanted, false)), reason);
  }

  private Reason reason(Pod pod, Optional<Map<String, String>> namespaceLabels) {
    if (!pod.attachable()) {
      return Reason.NOT_ATTACHABLE;
    }
    return OptIn.anywhere(pod.wish(), pod.namespace(), ownNamespace)
        .or(() -> namespaceLabels.map(labels -> OptIn.within(labels, pod.wish())))
        .map(decided -> Reason.valueOf(decided.name()))
        .orElse(Reason.NAMESPACE_UNKNOWN);
  }

  private DesiredFiles wanted(Pod pod, OptIn optIn) {
    if (!optIn.isIn()) {
      return new DesiredFiles(Set.of(), false, pod.view());
    }
    Set<String> wish =
        pod.files()
            .map(text -> FilesWish.read(text, usual, p -> Optional.of(p).filter(files::contains)))
            .map(FilesWish::files)
            .orElse(usual);
    return new DesiredFiles(wish, optIn == OptIn.POD_LABEL, pod.view());
  }
}
