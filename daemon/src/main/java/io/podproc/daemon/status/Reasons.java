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

/** Why a container has files, or has none: which sentence holds for it. */
final class Reasons {
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
    return decided().name().toLowerCase(Locale.ROOT);
  }

  /** The same for people. */
  String pod() {
    return decided().sentence();
  }

  private Why decided() {
    if (seen.pod().isEmpty()) {
      return Why.NO_POD;
    }
    if (node.delivery().isEmpty()) {
      return Why.NO_DELIVERY;
    }
    return seen.standing()
        .map(known -> Why.valueOf(known.reason().name()))
        .orElse(wanted.isPresent() ? Why.REMEMBERED : Why.UNKNOWN);
  }

  /** Why a path shows what it shows. */
  String of(String path) {
    Origin origin =
        Optional.ofNullable(seen.look().files().get(path))
            .orElseGet(() -> new Origin(Origin.Kind.KERNEL, ""));
    return switch (origin.kind()) {
      case NODE -> Why.BROUGHT.sentence();
      case VOLUME -> Why.MOUNTED.sentence();
      case DEAD -> Why.DEAD.sentence();
      case PLACEHOLDER -> Why.PLACEHOLDER.sentence();
      case OTHER -> Why.OTHER.with(origin.detail());
      case KERNEL -> isOfKernel(path) ? missing(path) : Why.NO_SUCH_FILE.sentence();
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
      return Why.NOT_ASKED_FOR.sentence();
    }
    return last.map(outcome ->
            switch (outcome.result()) {
              case SKIPPED -> Why.LEFT_OUT.with(outcome.reason());
              case REFUSED -> Why.REFUSED.with(outcome.reason());
              case TIMED_OUT, FAILED -> Why.FAILED.with(outcome.reason());
              case DONE, NOTHING_TO_DO, GONE ->
                  outcome.reason().isEmpty() ? Why.TAKEN_AWAY.sentence() : outcome.reason();
            })
        .orElse(Why.ON_ITS_WAY.sentence());
  }
}
