// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Nobody is injected who did not ask for it. */
@ClusterTest
class OptOutE2E {
  private static void assertLeftAlone(Cluster cluster, RunningPod pod) {
    assertThat(pod.volumes()).isEmpty();
    assertThat(pod.served()).isEmpty();
    assertThat(pod.memory()).isEqualTo(cluster.nodeMemory(pod));
  }

  @Test
  void a_pod_of_a_namespace_without_the_label(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(), "limited");
    assertLeftAlone(cluster, pod);
    assertThat(pod.warnings()).isEmpty();
  }

  @Test
  void a_pod_that_opts_out_of_what_its_namespace_wants(Cluster cluster) {
    assertLeftAlone(cluster, cluster.run(cluster.namespace(Cluster.OPT_IN), "opted-out"));
  }

  @Test
  void a_pod_that_asks_in_a_namespace_that_opted_out(Cluster cluster) {
    assertLeftAlone(
        cluster, cluster.run(cluster.namespace("podproc.io/inject=disabled"), "opted-in"));
  }

  @Test
  void but_a_pod_that_asks_for_itself_is_injected(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(), "opted-in");
    assertThat(pod.memory()).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void podproc_s_own_pods(Cluster cluster) {
    assertThat(cluster.client().pods().inNamespace(cluster.podproc().namespace()).list().getItems())
        .isNotEmpty()
        .allSatisfy(pod -> assertThat(Cluster.volumes(pod)).isEmpty());
  }
}
