// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A container's load and age are its own. */
@ClusterTest
class LoadViewE2E {
  private static final String LOAD = "load average: ([\\d.]+), ([\\d.]+), ([\\d.]+)";

  @Test
  void uptime_shows_the_load_of_the_container_alone(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "busy-and-idle");
    // An average begins when it is first asked for.
    assertThat(load(pod, "busy")).isLessThan(1);
    assertThat(load(pod, "idle")).isZero();
    Command.await(
        "two busy processes raise the load", Machine.deadline(60), () -> load(pod, "busy") > 0.3);
    assertThat(load(pod, "idle")).isLessThan(0.1);
  }

  private static double load(RunningPod pod, String container) {
    return Output.number(
        pod.exec(container, "uptime").ok().replaceAll("(load average: [\\d.]+),.*", "$1"),
        "load average: ([\\d.]+)");
  }

  @Test
  void uptime_counts_from_the_start_of_the_container(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    double seconds = Output.number(pod.sh("cat /proc/uptime").ok(), "^([\\d.]+) ");
    assertThat(seconds).isBetween(0.01, 600.0);
    assertThat(pod.sh("uptime").ok()).containsPattern(" up +[0-9]+ min").containsPattern(LOAD);
  }
}
