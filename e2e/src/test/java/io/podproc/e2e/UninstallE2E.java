// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Uninstalled, podproc is gone, and nobody's pods with it. The last of the suite. */
@ClusterTest
@Order(Integer.MAX_VALUE)
class UninstallE2E {
  @Test
  void
      an_uninstall_is_felt_by_nobody_and_leaves_nothing_but_labels_of_nodes_and_links_on_their_disks(
          Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    RunningPod running = cluster.run(namespace, "limited");
    assertThat(running.volumes()).isNotEmpty();
    Nodes nodes = Nodes.of(cluster);
    assertThat(nodes.guards()).isPositive();

    cluster.podproc().uninstall();

    // They have read all the time, their own files and then the node's, and no error.
    readers.assertReleased(figures);
    assertThat(running.memory()).isEqualTo(cluster.nodeMemory(running));
    assertThat(running.served()).isEmpty();
    Command.await("nothing holds a mount", Machine.deadline(30), () -> nodes.guards() == 0);
    assertThat(running.get().getStatus().getContainerStatuses().getFirst().getRestartCount())
        .isZero();
    assertThat(cluster.run(namespace, "limited").volumes()).isEmpty();

    assertThat(cluster.ours("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"))
        .isEmpty();
    assertThat(cluster.ours("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"))
        .isEmpty();
    assertThat(cluster.ours("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"))
        .isEmpty();
    assertThat(cluster.ours("rbac.authorization.k8s.io/v1", "ClusterRole")).isEmpty();
    assertThat(cluster.ours("rbac.authorization.k8s.io/v1", "ClusterRoleBinding")).isEmpty();
    for (String kind : new String[] {"Secret", "ConfigMap", "Service", "Pod"}) {
      assertThat(cluster.ours("v1", kind)).as(kind).isEmpty();
    }
    // The label of a node stays: Helm takes the daemon's right to change it before it ends.
    RunningPod onNode = cluster.run(cluster.namespace(), "node-directory");
    assertThat(onNode.sh("find /node -type l").lines()).contains("/node/proc/meminfo");
    assertThat(onNode.sh("find /node ! -type l ! -type d").ok()).isEmpty();
  }
}
