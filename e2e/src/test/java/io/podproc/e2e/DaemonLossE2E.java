// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.podproc.e2e.Podproc.Component;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * A node that loses its daemon, while its DaemonSet stays: no pod is kept waiting or shown errors.
 */
@ClusterTest
class DaemonLossE2E {
  /** As a nodeSelector that was moved. */
  private static final Map<String, String> NOWHERE = Map.of("podproc.io/e2e-nowhere", "true");

  /** Pods of podproc that are nowhere, until closed. */
  private static final class Absence implements AutoCloseable {
    private final Map<Resource<DaemonSet>, Map<String, String>> before = new LinkedHashMap<>();

    Absence(List<Resource<DaemonSet>> sets) {
      sets.forEach(set ->
          before.put(set, set.require().getSpec().getTemplate().getSpec().getNodeSelector()));
      before.keySet().forEach(set -> select(set, NOWHERE));
    }

    void await() {
      before.keySet().forEach(set -> Cluster.await("they are gone", set, Absence::isGone));
    }

    private static boolean isGone(DaemonSet set) {
      return Objects.equals(
              set.getMetadata().getGeneration(), set.getStatus().getObservedGeneration())
          && set.getStatus().getCurrentNumberScheduled() == 0
          && set.getStatus().getNumberMisscheduled() == 0;
    }

    private static void select(Resource<DaemonSet> set, Map<String, String> nodes) {
      Podproc.change(set, template -> template.getSpec().setNodeSelector(nodes));
    }

    @Override
    public void close() {
      before.forEach(Absence::select);
    }
  }

  private final List<RunningPod> started = new ArrayList<>();

  /** The keeper holds the mount for its patience, 30 s, and then lets go. */
  @Test
  void a_node_that_loses_its_daemon_shows_its_own_view_and_comes_back(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    try (Absence daemons = new Absence(List.of(cluster.podproc().daemons()))) {
      daemons.await();
      Cluster.awaitGone(
          "the labels of the nodes",
          () -> cluster.client().nodes().withLabel(Cluster.READY, "true").list().getItems());
      startWithNodeView(cluster, namespace, figures, "a pod started in time to wait after (ms)");
      readers.awaitNodeView();
      startWithNodeView(cluster, namespace, figures, "a pod started later after (ms)");
    }
    assertBack(cluster, readers, figures);
    assertKept(cluster, namespace);
  }

  @Test
  void a_node_that_loses_daemon_and_keeper_shows_its_own_view_and_comes_back(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    Podproc podproc = cluster.podproc();
    try (Absence both = new Absence(List.of(podproc.daemons(), podproc.keepers()))) {
      both.await();
      readers.awaitNodeView();
      startWithNodeView(cluster, namespace, figures, "a pod started after (ms)");
    }
    assertBack(cluster, readers, figures);
    assertKept(cluster, namespace);
  }

  /** Its process outside of the pod goes on holding the mount, until its patience ends. */
  @Test
  void a_node_whose_keeper_is_killed_while_it_has_no_daemon_shows_its_own_view_and_comes_back(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    Nodes nodes = Nodes.of(cluster);
    try (Absence daemons = new Absence(List.of(cluster.podproc().daemons()))) {
      daemons.await();
      nodes.kill(Component.KEEPER);
      readers.awaitNodeView();
      startWithNodeView(cluster, namespace, figures, "a pod started after (ms)");
    }
    assertBack(cluster, readers, figures);
    assertKept(cluster, namespace);
  }

  /** The keeper's pod starts another of what holds the mount, whose patience begins anew. */
  @Test
  void a_node_that_loses_its_daemon_and_what_holds_its_mount_shows_its_own_view_and_comes_back(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    Nodes nodes = Nodes.of(cluster);
    try (Absence daemons = new Absence(List.of(cluster.podproc().daemons()))) {
      daemons.await();
      nodes.killGuards();
      readers.awaitNodeView();
      startWithNodeView(cluster, namespace, figures, "a pod started after (ms)");
    }
    assertBack(cluster, readers, figures);
    assertKept(cluster, namespace);
  }

  /** The keeper takes away what nodes have brought as well, and the next daemon brings it again. */
  @Test
  void a_node_that_loses_its_daemon_takes_what_it_brought_and_brings_it_again(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN, Cluster.BASELINE);
    Readers readers = Readers.startIn(cluster, namespace);
    assertThat(readers.pods()).allSatisfy(pod -> assertThat(pod.volumes()).isEmpty());
    RunningPod meanwhile;
    try (Absence daemons = new Absence(List.of(cluster.podproc().daemons()))) {
      daemons.await();
      meanwhile = cluster.run(namespace, "limited");
      assertThat(meanwhile.served()).isEmpty();
      readers.awaitNodeView();
    }
    cluster.podproc().awaitReady();
    long since = System.nanoTime();
    readers.awaitOwnView();
    Command.await(
        "what started without a daemon sees itself",
        Machine.deadline(180),
        () -> meanwhile.memory() == Cluster.LIMITED);
    figures.publishEntry("all back after (ms)", millisSince(since));
    readers.assertSawTheirNodeMeanwhile(figures);
  }

  private void startWithNodeView(
      Cluster cluster, String namespace, TestReporter figures, String figure) {
    long since = System.nanoTime();
    RunningPod pod = cluster.run(namespace, "limited");
    figures.publishEntry(figure, millisSince(since));
    assertThat(pod.volumes()).contains("podproc-proc-meminfo");
    // Each of its files can be read, and is the node's.
    for (var mount : pod.get().getSpec().getContainers().getFirst().getVolumeMounts()) {
      if (mount.getName().startsWith("podproc-")) {
        String _ = pod.exec("main", "cat", mount.getMountPath()).ok();
      }
    }
    assertThat(pod.served()).isEmpty();
    assertThat(pod.memory()).isEqualTo(cluster.nodeMemory(pod));
    started.add(pod);
  }

  /** All see themselves again: those that ran before, meanwhile, and from now on. */
  private void assertBack(Cluster cluster, Readers readers, TestReporter figures) {
    cluster.podproc().awaitReady();
    long since = System.nanoTime();
    readers.awaitOwnView();
    for (RunningPod pod : started) {
      Command.await(
          pod.get().getMetadata().getName() + " sees itself",
          Machine.deadline(180),
          () -> pod.memory() == Cluster.LIMITED);
    }
    figures.publishEntry("all back after (ms)", millisSince(since));
    readers.assertSawTheirNodeMeanwhile(figures);
  }

  /** The daemon that came back has a keeper. */
  private static void assertKept(Cluster cluster, String namespace) {
    Readers readers = Readers.start(cluster, namespace);
    Nodes.of(cluster).killAndAwait(Component.DAEMON);
    readers.assertUndisturbed((TestReporter) entries -> {});
  }

  private static String millisSince(long nanos) {
    return Long.toString(Duration.ofNanos(System.nanoTime() - nanos).toMillis());
  }
}
