// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes bring the files: at every Pod Security level, and to pods that run. */
@ClusterTest
class DeliveryE2E {
  private static void label(Cluster cluster, String namespace, boolean optedIn) {
    cluster
        .client()
        .namespaces()
        .withName(namespace)
        .edit(old -> {
          if (optedIn) {
            old.getMetadata().getLabels().put("podproc.io/inject", "enabled");
          } else {
            old.getMetadata().getLabels().remove("podproc.io/inject");
          }
          return old;
        });
  }

  /** Within a second, and what it takes to look. */
  private static void awaitMemory(
      List<RunningPod> pods, long kilobytes, TestReporter figures, String what) {
    long since = System.nanoTime();
    pods.forEach(pod -> Command.await(what, Machine.deadline(5), () -> pod.memory() == kilobytes));
    figures.publishEntry(
        what + " (ms)", Long.toString(Duration.ofNanos(System.nanoTime() - since).toMillis()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"baseline", "restricted"})
  void a_pod_of_a_namespace_that_enforces_it_sees_itself(
      String level, Cluster cluster, TestReporter figures) {
    RunningPod pod =
        cluster.run(
            cluster.namespace(Cluster.OPT_IN, "pod-security.kubernetes.io/enforce=" + level),
            "restricted");
    assertThat(pod.volumes()).isEmpty();
    awaitMemory(List.of(pod), Cluster.LIMITED, figures, "it sees its limit");
    assertThat(pod.served()).contains("/proc/meminfo", "/proc/stat");
  }

  /** The webhook can't: runc refuses such a volume. */
  @Test
  void a_pod_sees_its_own_pressure(Cluster cluster, TestReporter figures) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    awaitMemory(List.of(pod), Cluster.LIMITED, figures, "it sees its limit");
    if (pod.sh("test -e /proc/pressure/cpu").status() == 0) {
      Command.await(
          "it sees its own pressure",
          Machine.deadline(5),
          () -> pod.served().contains("/proc/pressure/cpu"));
    }
  }

  @Test
  void running_pods_follow_the_label_of_their_namespace(Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace();
    List<RunningPod> pods =
        Stream.generate(() -> cluster.run(namespace, "limited")).limit(5).toList();
    long node = cluster.nodeMemory(pods.getFirst());
    assertThat(pods).allSatisfy(pod -> assertThat(pod.served()).isEmpty());

    label(cluster, namespace, true);
    awaitMemory(pods, Cluster.LIMITED, figures, "labelled, they see themselves");
    label(cluster, namespace, false);
    awaitMemory(pods, node, figures, "without the label, they see the node");
    assertThat(pods)
        .allSatisfy(pod -> {
          assertThat(pod.served()).isEmpty();
          assertThat(pod.get().getStatus().getContainerStatuses().getFirst().getRestartCount())
              .isZero();
        });
  }

  private static boolean mapsUsers(Node node) {
    String[] version = node.getStatus().getNodeInfo().getKernelVersion().split("[.-]", 3);
    return Integer.parseInt(version[0]) * 1000 + Integer.parseInt(version[1]) >= 6012;
  }

  /** Users are mapped, as the runtime does with volumes: what is for root is for the pod's root. */
  @Test
  void a_pod_with_a_user_namespace_sees_itself(Cluster cluster, TestReporter figures) {
    Assumptions.assumeTrue(
        cluster.client().nodes().list().getItems().stream().allMatch(DeliveryE2E::mapsUsers),
        "not all nodes can map users on FUSE (Linux 6.12)");
    RunningPod pod =
        cluster.run(cluster.namespace(Cluster.OPT_IN, Cluster.BASELINE), "user-namespace");
    awaitMemory(List.of(pod), Cluster.LIMITED, figures, "it sees its limit");
    assertThat(pod.volumes()).isEmpty();
    assertThat(pod.sh("stat -c %u:%g /proc/meminfo").ok()).isEqualTo("0:0\n");
    assertThat(pod.sh("head -n 1 /proc/slabinfo").ok()).startsWith("slabinfo - version");
  }

  /** Normally before the program's first instruction; how often, is told. */
  @Test
  void the_first_read_of_an_entrypoint(Cluster cluster, TestReporter figures) {
    String namespace =
        cluster.namespace(Cluster.OPT_IN, "pod-security.kubernetes.io/enforce=restricted");
    List<RunningPod> pods =
        Stream.generate(() -> cluster.run(namespace, "first-read")).limit(10).toList();
    long early =
        pods.stream()
            .filter(pod -> Output.kilobytes(pod.log("main"), "MemTotal") == Cluster.LIMITED)
            .count();
    figures.publishEntry("of 10 first reads the container's", Long.toString(early));
    awaitMemory(pods, Cluster.LIMITED, figures, "all see themselves");
  }
}
