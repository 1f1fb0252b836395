// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A pod may say which files it wants. */
@ClusterTest
class FilesAnnotationE2E {
  @Test
  void it_gets_those_and_no_others(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "two-files");
    assertThat(pod.served())
        .containsExactlyInAnyOrder("/proc/meminfo", "/sys/devices/system/cpu/online");
    assertThat(pod.memory()).isEqualTo(Cluster.LIMITED);
    assertThat(pod.warnings()).isEmpty();
  }

  @Test
  void what_podproc_has_not_is_warned_of_and_left_out(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "unknown-file");
    assertThat(pod.served()).containsExactly("/proc/meminfo");
    assertThat(pod.warnings()).anyMatch(warning -> warning.contains("/etc/passwd"));
  }
}
