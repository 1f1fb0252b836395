// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.podproc.e2e.Cluster.RunningPod;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * No daemon, no harm: pods start all the same. That pods which run keep their files is not claimed.
 */
@ClusterTest
class DaemonRestartE2E {
  private static final String NOWHERE = "podproc.io/e2e-nowhere";

  @Test
  void pods_start_with_the_node_s_view_while_no_daemon_runs_and_see_themselves_afterwards(
      Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Map<String, String> everywhere =
        cluster.daemons().get().getSpec().getTemplate().getSpec().getNodeSelector();
    try {
      select(cluster, Map.of(NOWHERE, "true"));
      cluster.await(
          "no daemon runs",
          cluster.daemons(),
          set ->
              Objects.equals(
                      set.getMetadata().getGeneration(), set.getStatus().getObservedGeneration())
                  && set.getStatus().getCurrentNumberScheduled() == 0
                  && set.getStatus().getNumberMisscheduled() == 0);
      Cluster.awaitGone(
          "the labels of the nodes",
          () -> cluster.client().nodes().withLabel(Cluster.READY, "true").list().getItems());

      RunningPod started = cluster.run(namespace, "limited");
      assertThat(started.volumes()).contains("podproc-proc-meminfo");
      assertThat(started.served()).isEmpty();
      assertThat(started.memory()).isEqualTo(cluster.nodeMemory(started));
    } finally {
      select(cluster, everywhere);
      cluster.awaitDaemons();
    }
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(96 * 1024);
  }

  private static void select(Cluster cluster, Map<String, String> nodes) {
    DaemonSet _ =
        cluster
            .daemons()
            .edit(set -> {
              set.getSpec().getTemplate().getSpec().setNodeSelector(nodes);
              return set;
            });
  }

  @Test
  void a_daemon_that_is_killed_is_followed_by_one_that_serves(Cluster cluster) {
    List<StatusDetails> killed =
        cluster
            .client()
            .pods()
            .inNamespace(cluster.releaseNamespace())
            .withLabel("app.kubernetes.io/component", "daemon")
            .withGracePeriod(0)
            .delete();
    assertThat(killed).isNotEmpty();
    List<String> uids = killed.stream().map(StatusDetails::getUid).toList();
    Command.await(
        "others have taken their place",
        Machine.deadline(180),
        () ->
            cluster
                .client()
                .pods()
                .inNamespace(cluster.releaseNamespace())
                .withLabel("app.kubernetes.io/component", "daemon")
                .list()
                .getItems()
                .stream()
                .noneMatch(pod -> uids.contains(pod.getMetadata().getUid())));
    cluster.awaitDaemons();
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    assertThat(pod.memory()).isEqualTo(96 * 1024);
  }
}
