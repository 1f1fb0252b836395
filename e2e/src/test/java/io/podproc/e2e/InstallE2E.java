// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Installed by its chart, podproc is ready and says so. */
@ClusterTest
class InstallE2E {
  @Test
  void nodes_whose_daemon_serves_have_the_label(Cluster cluster) {
    int daemons = cluster.daemons().get().getStatus().getNumberReady();
    assertThat(daemons).isPositive();
    Command.await(
        "the nodes are labelled",
        Machine.deadline(60),
        () ->
            cluster.client().nodes().withLabel(Cluster.READY, "true").list().getItems().size()
                == daemons);
  }

  @Test
  void the_chart_s_own_test_passes(Cluster cluster) {
    cluster.helmTest();
  }
}
