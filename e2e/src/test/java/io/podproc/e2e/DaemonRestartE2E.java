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
 * No daemon, no harm: pods start all the same, and those which run do not notice that it is
 * replaced.
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
    awaitOthers(cluster, killed);
    cluster.awaitDaemons();
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    assertThat(pod.memory()).isEqualTo(96 * 1024);
  }

  @Test
  void a_running_pod_does_not_notice_that_its_daemon_is_replaced(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    read(pod);
    DaemonSet _ =
        cluster
            .daemons()
            .edit(set -> {
              set.getSpec()
                  .getTemplate()
                  .getMetadata()
                  .getAnnotations()
                  .put("podproc.io/e2e-replaced", "now");
              return set;
            });
    cluster.awaitDaemons();
    assertHasRead(pod);
  }

  /** The keeper's pod stays, and reads wait for the next daemon. */
  @Test
  void a_running_pod_does_not_notice_that_its_daemon_s_pod_is_deleted(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    read(pod);
    List<StatusDetails> deleted =
        cluster
            .client()
            .pods()
            .inNamespace(cluster.releaseNamespace())
            .withLabel("app.kubernetes.io/component", "daemon")
            .delete();
    awaitOthers(cluster, deleted);
    cluster.awaitDaemons();
    assertHasRead(pod);
  }

  private static void awaitOthers(Cluster cluster, List<StatusDetails> gone) {
    List<String> uids = gone.stream().map(StatusDetails::getUid).toList();
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
  }

  /** Has a pod read in the background, until it is asked what came of it. */
  private static void read(RunningPod pod) {
    String _ =
        pod.sh(
                """
                (while [ ! -e /tmp/end ]; do
                  cat /proc/uptime /proc/stat /proc/loadavg >/dev/null || echo failed
                  grep -q "MemTotal: *98304 kB" /proc/meminfo || echo wrong
                  echo read
                done) >/tmp/log 2>&1 </dev/null &
                """)
            .ok();
  }

  private static void assertHasRead(RunningPod pod) {
    assertThat(pod.sh("touch /tmp/end; sleep 2; sort /tmp/log | uniq -c").ok())
        .containsPattern("^ *[0-9]{2,} read\\s*$");
  }
}
