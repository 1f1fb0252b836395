// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Installed by its chart, podproc is ready and says so. */
@ClusterTest
class InstallE2E {
  @Test
  void nodes_whose_daemon_serves_have_the_label(Cluster cluster, TestReporter figures) {
    int daemons = cluster.podproc().nodes().size();
    assertThat(daemons).isPositive();
    figures.publishEntry("nodes", Integer.toString(daemons));
    figures.publishEntry("Kubernetes", cluster.client().getKubernetesVersion().getGitVersion());
    figures.publishEntry("kernel", told(cluster, NodeSystemInfo::getKernelVersion));
    figures.publishEntry("runtime", told(cluster, NodeSystemInfo::getContainerRuntimeVersion));
    Command.await(
        "the nodes are labelled",
        Machine.deadline(60),
        () ->
            cluster.client().nodes().withLabel(Cluster.READY, "true").list().getItems().size()
                == daemons);
  }

  private static String told(Cluster cluster, Function<NodeSystemInfo, String> of) {
    return cluster.client().nodes().list().getItems().stream()
        .map(node -> of.apply(node.getStatus().getNodeInfo()))
        .distinct()
        .collect(Collectors.joining(" "));
  }

  @Test
  void the_chart_s_own_test_passes(Cluster cluster) {
    cluster.podproc().helmTest();
  }
}
