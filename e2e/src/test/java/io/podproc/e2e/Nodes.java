// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.podproc.e2e.Podproc.Component;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The processes of podproc on the nodes of a cluster, by privileged pods that see them: nothing
 * else of a node is used.
 */
final class Nodes {
  /**
   * Brackets, so that no command that looks for them finds itself; a slash and a blank, as what
   * watches a container (conmon) has the name of its pod among its arguments.
   */
  private static final Map<Component, String> PROGRAMS =
      Map.of(
          Component.DAEMON, "io.podproc.daemon.[D]aemon",
          Component.KEEPER, "/podproc-[k]eeper ");

  private static final String GUARD = "^podproc-[g]uard";

  private final Cluster cluster;
  private final List<RunningPod> pods;

  private Nodes(Cluster cluster, List<RunningPod> pods) {
    this.cluster = cluster;
    this.pods = pods;
  }

  /** Those where files are served, all of them. */
  static Nodes of(Cluster cluster) {
    String namespace = cluster.namespace();
    return new Nodes(
        cluster,
        cluster.podproc().nodes().stream()
            .map(node -> cluster.runOn(node, namespace, "on-node"))
            .toList());
  }

  /** Has a pod run on a node and no other, without a scheduler. */
  static void pin(Pod pod, String node) {
    pod.getSpec().setNodeName(node);
    pod.getSpec().getTolerations().add(new TolerationBuilder().withOperator("Exists").build());
  }

  /** Kills (-9) all processes of a component, on each node at least one. */
  void kill(Component component) {
    kill(Objects.requireNonNull(PROGRAMS.get(component)));
  }

  /** Kills (-9) what holds the mounts: it is no process of a pod. */
  void killGuards() {
    kill(GUARD);
  }

  /** How many processes hold a mount of a node. */
  int guards() {
    return pods.stream()
        .mapToInt(pod -> (int) forEach(pod, GUARD, "echo $process").lines().count())
        .sum();
  }

  private void kill(String program) {
    for (RunningPod pod : pods) {
      if (forEach(pod, program, "kill -9 ${process#/proc/} && echo $process").isBlank()) {
        throw new AssertionError("there is no process " + program + " on " + pod.node());
      }
    }
  }

  private static String forEach(RunningPod pod, String program, String command) {
    return pod.sh(
            """
            for process in /proc/[0-9]*; do
              if tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q '%s'; then
                %s
              fi
            done
            """
                .formatted(program, command))
        .text();
  }

  /** As {@link #kill}, and waits until their containers were started again. */
  void killAndAwait(Component component) {
    int before = restarts(component);
    kill(component);
    Command.await(
        "they were started again",
        Machine.deadline(180),
        () -> restarts(component) >= before + pods.size());
    cluster.podproc().awaitReady();
  }

  /** How often the containers of a component were started again. */
  int restarts(Component component) {
    return cluster.podproc().pods(component).stream()
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .mapToInt(status -> status.getRestartCount())
        .sum();
  }
}
