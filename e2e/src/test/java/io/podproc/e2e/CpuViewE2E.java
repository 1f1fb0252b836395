// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A container's CPUs are its limit, rounded up. */
@ClusterTest
class CpuViewE2E {
  /** What programs ask to size their thread pools, and all of them say the same. */
  private static void assertCpus(RunningPod pod, String container, int cpus) {
    assertThat(pod.exec(container, "getconf", "_NPROCESSORS_ONLN").ok().strip())
        .isEqualTo(Integer.toString(cpus));
    assertThat(pod.exec(container, "cat", "/sys/devices/system/cpu/online").ok().strip())
        .isEqualTo(cpus == 1 ? "0" : "0-" + (cpus - 1));
    assertThat(pod.exec(container, "grep", "-c", "^processor", "/proc/cpuinfo").ok().strip())
        .isEqualTo(Integer.toString(cpus));
    assertThat(pod.exec(container, "grep", "-c", "^cpu[0-9]", "/proc/stat").ok().strip())
        .isEqualTo(Integer.toString(cpus));
  }

  @Test
  void each_container_counts_the_CPUs_of_its_limit(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "two-containers");
    assertCpus(pod, "small", 1);
    assertCpus(pod, "large", Math.min(2, cluster.nodeCpus(pod)));
  }

  @Test
  void without_a_limit_they_are_the_node_s(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "unlimited");
    assertCpus(pod, "main", cluster.nodeCpus(pod));
  }

  @Test
  void top_shows_a_container_that_takes_all_it_may_as_busy(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "busy-and-idle");
    // Its node may be too busy at times to give it what it may take.
    Command.await("busy is busy", Machine.deadline(120), () -> idle(pod, "busy") < 15);
    assertThat(idle(pod, "idle")).isGreaterThan(85);
  }

  /** The idle time that top shows, in percent; its first round measures too short a time. */
  private static double idle(RunningPod pod, String container) {
    String top = pod.exec(container, "top", "-b", "-n", "2", "-d", "3").ok();
    return Output.all(top, "^%Cpu.*?([\\d.]+) id").getLast().getFirst();
  }
}
