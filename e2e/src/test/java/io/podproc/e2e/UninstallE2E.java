// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.Cluster.RunningPod;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Uninstalled, podproc is gone, and nobody's pods with it. The last of the suite. */
@ClusterTest
@Order(Integer.MAX_VALUE)
class UninstallE2E {
  @Test
  void pods_go_on_and_nothing_stays_but_the_nodes_label_and_links_on_their_disks(Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    RunningPod running = cluster.run(namespace, "limited");
    assertThat(running.volumes()).isNotEmpty();
    String _ =
        running
            .sh(
                """
                (while [ ! -e /tmp/end ]; do
                  cat /proc/uptime /proc/stat /proc/loadavg >/dev/null || echo failed
                  if grep -q "MemTotal: *98304 kB" /proc/meminfo; then echo own; else echo other; fi
                done) >/tmp/log 2>&1 </dev/null &
                """)
            .ok();

    cluster.uninstall();

    // It has read all the time, its own files and then the node's, and no error.
    assertThat(running.sh("touch /tmp/end; sleep 2; uniq /tmp/log").lines())
        .containsExactly("own", "other");
    assertThat(running.memory()).isEqualTo(cluster.nodeMemory(running));
    assertThat(running.served()).isEmpty();
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
