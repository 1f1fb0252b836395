// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins.Origin;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.delivery.DesiredFiles;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.delivery.PodStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Why a container has files, or has none: one sentence for each. */
final class Reasons {
  private static final String LABEL = "podproc.io/inject";

  private final Node node;
  private final RunningContainer seen;
  private final Optional<DesiredFiles> wanted;
  private final Optional<Outcome> last;

  Reasons(Node node, RunningContainer seen) {
    this.node = node;
    this.seen = seen;
    Optional<Delivery> delivery = node.delivery();
    Optional<PodContainer> pod = seen.pod();
    wanted =
        seen.standing()
            .flatMap(PodStatus::wanted)
            .or(() -> delivery.flatMap(by -> pod.flatMap(of -> by.remembered(of.podUid()))));
    last = delivery.flatMap(by -> pod.flatMap(of -> by.last(of.containerId())));
  }

  /** What decided on its pod, for programs. */
  String code() {
    if (seen.pod().isEmpty()) {
      return "no_pod";
    }
    if (node.delivery().isEmpty()) {
      return "no_delivery";
    }
    return seen.standing()
        .map(known -> known.reason().name().toLowerCase(Locale.ROOT))
        .orElse(wanted.isPresent() ? "remembered" : "unknown");
  }

  /** The same for people. */
  String pod() {
    return switch (code()) {
      case "no_pod" ->
          "it is no container of a pod: nobody brings it files that it was not started with";
      case "no_delivery" ->
          "this node brings no files (podproc.node-delivery): the webhook adds them, to new pods";
      case "namespace_label" -> "its namespace is labelled " + LABEL + "=enabled";
      case "pod_label" -> "its pod is labelled " + LABEL + "=enabled";
      case "not_opted_in" -> "neither its pod nor its namespace is labelled " + LABEL + "=enabled";
      case "opted_out" -> "its pod or its namespace is labelled " + LABEL + "=disabled";
      case "own_namespace" -> "pods in podproc's own namespace get no files";
      case "system_namespace" -> "pods in kube-system get no files";
      case "invalid_label" -> "the label " + LABEL + " of its pod is neither enabled nor disabled";
      case "not_attachable" -> "its pod is annotated podproc.io/attach=disabled";
      case "namespace_unknown" ->
          "the labels of its namespace are not known yet: can this node reach the API server?";
      case "namespace_named" -> "its namespace is named in delivery.node.namespaces";
      case "namespace_not_named" ->
          "its namespace is not named in delivery.node.namespaces, and labels do not count there";
      case "remembered" -> "its pod was to have files when the API server last told of it";
      default -> "nothing is known of its pod yet: can this node reach the API server?";
    };
  }

  /** Why a path shows what it shows. */
  String of(String path) {
    Origin origin =
        Optional.ofNullable(seen.look().files().get(path))
            .orElseGet(() -> new Origin(Origin.Kind.KERNEL, ""));
    return switch (origin.kind()) {
      case NODE -> "brought by the node";
      case VOLUME -> "mounted as it was made, by the webhook or by hand";
      case DEAD -> "its daemon is gone: the next repair brings it back";
      case PLACEHOLDER ->
          "a volume of the pod, and no daemon served as it started: the next repair brings it";
      case OTHER -> origin.detail() + " is mounted over it, and stays";
      case KERNEL -> isOfKernel(path) ? missing(path) : "this kernel has no such file";
    };
  }

  /** The node's own is asked: a container's may never answer. */
  private boolean isOfKernel(String path) {
    Path root = path.startsWith("/proc/") ? node.procRoot() : node.sysRoot();
    return Files.exists(root.resolve("." + path.substring(path.indexOf('/', 1))));
  }

  private String missing(String path) {
    if (wanted.isEmpty() || wanted.get().files().isEmpty()) {
      return pod();
    }
    if (!wanted.get().files().contains(path)) {
      return "its pod does not ask for it, by the annotation podproc.io/files";
    }
    return last.map(outcome ->
            switch (outcome.result()) {
              case SKIPPED -> "left out: " + outcome.reason();
              case REFUSED -> "refused: " + outcome.reason();
              case TIMED_OUT, FAILED ->
                  "failed, and is tried again each minute: " + outcome.reason();
              case DONE, NOTHING_TO_DO, GONE ->
                  outcome.reason().isEmpty()
                      ? "taken away since: the next look, each minute, brings it back"
                      : outcome.reason();
            })
        .orElse("on its way: containers are looked at each minute");
  }
}
