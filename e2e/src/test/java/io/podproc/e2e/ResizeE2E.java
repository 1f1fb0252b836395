// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.APIResource;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** A container that gets more while it runs sees it. */
@ClusterTest
class ResizeE2E {
  /**
   * Within a second from when the kubelet says that the limits are in force: it wrote them before.
   * How long that took is the kubelet's, and only told. Limits of the pod's own cgroup are read
   * once a second.
   */
  @Test
  void a_resized_pod_sees_its_new_size_within_a_second(Cluster cluster, TestReporter figures) {
    Assumptions.assumeTrue(
        cluster.client().getApiResources("v1").getResources().stream()
            .map(APIResource::getName)
            .anyMatch("pods/resize"::equals),
        "this cluster can't resize pods in place (Kubernetes 1.33)");
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "resizable");
    assertThat(pod.memory()).isEqualTo(Cluster.LIMITED);
    assertThat(cpus(pod)).isEqualTo(1);
    int cpus = Math.min(2, cluster.nodeCpus(pod));

    long asked = pod.resize(Map.of("memory", new Quantity("128Mi"), "cpu", new Quantity("1500m")));

    long since = System.nanoTime();
    Command.await(
        "it sees 128 MiB and " + cpus + " CPUs",
        Machine.deadline(1),
        () -> pod.memory() == 128 * 1024 && cpus(pod) == cpus);
    figures.publishEntry("seen after the patch (ms)", millisSince(asked));
    figures.publishEntry("of that, after the kubelet said it is in force (ms)", millisSince(since));
    assertThat(pod.get().getStatus().getContainerStatuses().getFirst().getRestartCount()).isZero();
  }

  private static String millisSince(long nanos) {
    return Long.toString(Duration.ofNanos(System.nanoTime() - nanos).toMillis());
  }

  private static int cpus(RunningPod pod) {
    return (int) Output.number(pod.sh("getconf _NPROCESSORS_ONLN").ok(), "^(\\d+)$");
  }
}
