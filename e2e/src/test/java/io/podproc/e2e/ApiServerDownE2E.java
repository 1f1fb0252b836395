// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.podproc.e2e.Podproc.Component;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * No API server, no harm. The real one stays as it is, on any cluster: the daemons are told of
 * another one in their environment, at an address that nobody has (TEST-NET-1, RFC 5737), where
 * packets are lost or refused. An environment that a pod names itself is not overridden by the
 * kubelet's. The webhook is left alone, as a cluster without API server creates no pods.
 */
@ClusterTest
class ApiServerDownE2E {
  private static final EnvVar NOBODY =
      new EnvVarBuilder().withName("KUBERNETES_SERVICE_HOST").withValue("192.0.2.1").build();

  @Test
  void nothing_changes_for_running_pods_and_daemons_restart_all_the_same(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    Nodes nodes = Nodes.of(cluster);
    try {
      Podproc.change(
          cluster.podproc().daemons(),
          template -> template.getSpec().getContainers().getFirst().getEnv().add(NOBODY));
      // All daemons were replaced by such as never found an API server,
      cluster.podproc().awaitReady();
      // were killed and started again,
      nodes.killAndAwait(Component.DAEMON);
      // and were told to stop, where they ask for their DaemonSet, and replaced once more.
      cluster.podproc().delete(Component.DAEMON);
      assertThat(cluster.podproc().pods(Component.DAEMON))
          .isNotEmpty()
          .allSatisfy(pod ->
              assertThat(pod.getSpec().getContainers().getFirst().getEnv()).contains(NOBODY));
      assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(Cluster.LIMITED);
    } finally {
      Podproc.change(
          cluster.podproc().daemons(),
          template ->
              template.getSpec().getContainers().getFirst().getEnv().removeAll(List.of(NOBODY)));
    }
    cluster.podproc().awaitReady();
    readers.assertUndisturbed(figures);
  }
}
