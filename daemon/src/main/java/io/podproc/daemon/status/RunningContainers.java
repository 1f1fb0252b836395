// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.delivery.PodContainer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The containers of this node that run now: those of pods, and others that have read a file. */
final class RunningContainers {
  private final Node node;

  RunningContainers(Node node) {
    this.node = node;
  }

  /**
   * What was found.
   *
   * @param missed how many were not looked at, as there was no more time
   */
  record Found(List<RunningContainer> containers, int missed) {}

  /**
   * Looks at all of them.
   *
   * @param isOver asked on the way
   */
  Found all(BooleanSupplier isOver) {
    Map<ProcCgroup, Snapshot.OfContainer> known = known();
    List<RunningContainer> seen = new ArrayList<>();
    int missed = 0;
    for (PodContainer container : node.pods().containers()) {
      if (isOver.getAsBoolean()) {
        missed++;
      } else {
        look(Optional.of(container), container.pid(), known).ifPresent(seen::add);
      }
    }
    seen.forEach(each -> known.remove(each.paths()));
    for (Snapshot.OfContainer other : List.copyOf(known.values())) {
      if (isOver.getAsBoolean()) {
        missed++;
      } else {
        look(Optional.empty(), other.oldest(), known).ifPresent(seen::add);
      }
    }
    return new Found(seen.stream().filter(each -> !each.isSandbox()).toList(), missed);
  }

  /** The container that a process is in; empty for one of the node. */
  Optional<RunningContainer> of(int pid) throws IOException {
    Optional<ProcCgroup> place = node.resolver().locate(pid);
    if (place.isEmpty()) {
      return Optional.empty();
    }
    Optional<PodContainer> pod = node.pods().of(pid);
    // Of a pod's container the first process, whose mounts are those that files are brought to.
    int first =
        pod.flatMap(of ->
                node.pods().containers().stream()
                    .filter(each -> each.containerId().equals(of.containerId()))
                    .findFirst())
            .map(PodContainer::pid)
            .orElse(pid);
    return look(pod, first, known());
  }

  private Map<ProcCgroup, Snapshot.OfContainer> known() {
    Map<ProcCgroup, Snapshot.OfContainer> known = new HashMap<>();
    node.known().get().containers().forEach(each -> known.put(each.paths(), each));
    return known;
  }

  /** Empty: it has ended. */
  private Optional<RunningContainer> look(
      Optional<PodContainer> pod, int pid, Map<ProcCgroup, Snapshot.OfContainer> known) {
    try {
      Optional<ProcCgroup> paths = node.resolver().locate(pid);
      if (paths.isEmpty()) {
        return Optional.empty();
      }
      Duration age = node.host().uptime().minus(node.processes().stat(pid).start());
      Optional<String> uid = pod.map(PodContainer::podUid);
      return Optional.of(
          new RunningContainer(
              pod,
              uid.flatMap(each -> node.delivery().flatMap(some -> some.standing(each))),
              paths.get(),
              pid,
              age.isNegative() ? Duration.ZERO : age,
              Optional.ofNullable(known.get(paths.get())),
              node.origins().look(pid, uid)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
