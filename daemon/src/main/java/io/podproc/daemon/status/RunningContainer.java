// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins;
import io.podproc.daemon.attach.Origins.Origin;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.delivery.PodStatus;
import io.podproc.rules.Shown;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;

/**
 * A container of this node that runs.
 *
 * @param pod empty for one that is no pod's
 * @param standing what is known of its pod
 * @param paths where its cgroup is
 * @param pid of its oldest process
 * @param age of that process
 * @param known what is remembered of it; empty where it has read no file yet
 */
record RunningContainer(
    Optional<PodContainer> pod,
    Optional<PodStatus> standing,
    ProcCgroup paths,
    int pid,
    Duration age,
    Optional<Snapshot.OfContainer> known,
    Origins.Look look) {
  private static final double FIXED_1 = 1 << 11; // include/linux/sched/loadavg.h
  private static final int SHORT_ID = 12;

  /** As {@code shop/web-7d4f}; the pod's uid where its name is not known. */
  String podName() {
    return standing
        .map(known -> known.namespace() + "/" + known.name())
        .or(() -> pod.map(PodContainer::podUid))
        .orElse("-");
  }

  /** As its pod calls it, else the begin of its id; of no pod, the end of its cgroup's path. */
  String name() {
    return look.name()
        .orElseGet(() -> {
          String last = id().substring(id().lastIndexOf('/') + 1);
          return pod.isEmpty() ? last : last.substring(0, Math.min(SHORT_ID, last.length()));
        });
  }

  /** As the runtime has it; of a container that is no pod's the path of its cgroup. */
  String id() {
    return pod.map(PodContainer::containerId).orElseGet(this::path);
  }

  private String path() {
    return paths.paths().max(Comparator.comparingInt(String::length)).orElse("/");
  }

  boolean isSandbox() {
    return pod.isPresent() && !look.isOfPod();
  }

  /**
   * How the files came to it: {@code webhook}, {@code node}, {@code webhook+node}, {@code none}; to
   * one that is no pod's, {@code mounted}.
   */
  String way() {
    String volume = has(Origin.Kind.VOLUME) ? pod.isPresent() ? "webhook" : "mounted" : "";
    String node = has(Origin.Kind.NODE) ? "node" : "";
    String both = volume.isEmpty() || node.isEmpty() ? volume + node : volume + "+" + node;
    return both.isEmpty() ? "none" : both;
  }

  private boolean has(Origin.Kind kind) {
    return look.files().values().stream().anyMatch(origin -> origin.kind() == kind);
  }

  /** What its pod asked to be shown of it; where it has read no file yet, the usual. */
  Shown shown() {
    return known.map(Snapshot.OfContainer::shown).orElse(Shown.USUAL);
  }

  /** Over 1, 5 or 15 minutes: 0, 1 or 2; empty where nobody has counted its threads yet. */
  Optional<Double> load(int which) {
    return known.map(snapshot -> snapshot.load().averages().get(which) / FIXED_1);
  }
}
