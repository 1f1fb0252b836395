// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A container's memory is its limit. */
@ClusterTest
class MemoryViewE2E {
  @Test
  void free_shows_the_limit_of_the_container(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    String free = pod.sh("free -k").ok();
    assertThat(Output.number(free, "^Mem: +(\\d+)")).isEqualTo(Cluster.LIMITED);
    assertThat(Output.numbers(free, "^Mem: +\\d+ +(\\d+) +(\\d+)"))
        .allSatisfy(value -> assertThat(value).isBetween(0.0, 96.0 * 1024));
    String meminfo = pod.sh("cat /proc/meminfo").ok();
    assertThat(Output.kilobytes(meminfo, "MemFree"))
        .isLessThanOrEqualTo(Output.kilobytes(meminfo, "MemAvailable"));
    assertThat(Output.kilobytes(meminfo, "MemAvailable")).isLessThanOrEqualTo(Cluster.LIMITED);
  }

  @Test
  void each_container_of_a_pod_sees_its_own(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "two-containers");
    assertThat(pod.memory("small")).isEqualTo(64 * 1024);
    assertThat(pod.memory("large")).isEqualTo(160 * 1024);
  }

  @Test
  void without_a_limit_it_is_the_node_s(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "unlimited");
    assertThat(pod.served()).contains("/proc/meminfo");
    assertThat(pod.memory()).isEqualTo(cluster.nodeMemory(pod));
  }
}
