// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where Pod Security forbids hostPath, a pod that asks is created as it is and told who brings the
 * files.
 */
@ClusterTest
class PodSecurityE2E {
  @ParameterizedTest
  @ValueSource(strings = {"baseline", "restricted"})
  void a_pod_of_a_namespace_that_enforces_it(String level, Cluster cluster) {
    RunningPod pod =
        cluster.run(
            cluster.namespace(Cluster.OPT_IN, "pod-security.kubernetes.io/enforce=" + level),
            "restricted");
    assertThat(pod.volumes()).isEmpty();
    assertThat(pod.warnings())
        .singleElement()
        .asString()
        .startsWith("podproc: its node brings the files")
        .contains(level);
  }
}
