// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.delivery.DeliveryRules;
import io.podproc.rules.FilesWish;
import io.podproc.rules.OptIn;

/**
 * All that {@code explain} can say of why a pod, or a path in one, has what it has. Each has its
 * row in docs/explain.md, which says what to do.
 */
enum Why {
  // Of a pod: those of PodStatus.Reason, and where nobody tells one.
  NO_POD("it is no container of a pod: nobody brings it files that it was not started with"),
  NO_DELIVERY(
      "this node brings no files (podproc.node-delivery): the webhook adds them, to new pods"),
  NAMESPACE_LABEL("its namespace is labelled " + OptIn.LABEL + "=" + OptIn.ENABLED),
  POD_LABEL("its pod is labelled " + OptIn.LABEL + "=" + OptIn.ENABLED),
  NOT_OPTED_IN(
      "neither its pod nor its namespace is labelled " + OptIn.LABEL + "=" + OptIn.ENABLED),
  OPTED_OUT("its pod or its namespace is labelled " + OptIn.LABEL + "=" + OptIn.DISABLED),
  OWN_NAMESPACE("pods in podproc's own namespace get no files"),
  SYSTEM_NAMESPACE("pods in kube-system get no files"),
  INVALID_LABEL("the label " + OptIn.LABEL + " of its pod is neither enabled nor disabled"),
  NOT_ATTACHABLE("its pod is annotated " + DeliveryRules.ATTACH + "=" + OptIn.DISABLED),
  NAMESPACE_UNKNOWN(
      "the labels of its namespace are not known yet: can this node reach the API server?"),
  NAMESPACE_NAMED("its namespace is named in delivery.node.namespaces"),
  NAMESPACE_NOT_NAMED(
      "its namespace is not named in delivery.node.namespaces, and labels do not count there"),
  REMEMBERED("its pod was to have files when the API server last told of it"),
  UNKNOWN("nothing is known of its pod yet: can this node reach the API server?"),

  // Of a path.
  BROUGHT("brought by the node"),
  MOUNTED("mounted as it was made, by the webhook or by hand"),
  DEAD("its daemon is gone: the next repair brings it back"),
  PLACEHOLDER("a volume of the pod, and no daemon served as it started: the next repair brings it"),
  OTHER(Why.DETAIL + " is mounted over it, and stays"),
  NO_SUCH_FILE("this kernel has no such file"),
  NOT_ASKED_FOR("its pod does not ask for it, by the annotation " + FilesWish.ANNOTATION),
  LEFT_OUT("left out: " + Why.DETAIL),
  REFUSED("refused: " + Why.DETAIL),
  FAILED("failed, and is tried again each minute: " + Why.DETAIL),
  TAKEN_AWAY("taken away since: the next look, each minute, brings it back"),
  ON_ITS_WAY("on its way: containers are looked at each minute"),

  // Of all paths.
  TOO_MANY_MOUNTS("it has more mounts than are looked at: what its files show can't be told");

  /** Where a detail comes in. */
  static final String DETAIL = "…";

  private final String sentence;

  Why(String sentence) {
    this.sentence = sentence;
  }

  String sentence() {
    return sentence;
  }

  String with(String detail) {
    return sentence.replace(DETAIL, detail);
  }
}
