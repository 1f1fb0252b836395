// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import org.junit.jupiter.api.Test;

/** Pods of a namespace that opted in see themselves, in all of their containers. */
@ClusterTest
class InjectionE2E {
  @Test
  void the_daemon_s_files_cover_the_kernel_s_read_only(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    assertThat(pod.served())
        .hasSizeGreaterThanOrEqualTo(pod.volumes().size()) // its node brings more
        .contains(
            "/proc/cpuinfo", "/proc/meminfo", "/proc/loadavg", "/sys/devices/system/cpu/online");
    assertThat(pod.warnings()).isEmpty();
    assertThat(pod.sh("echo 1 >/proc/meminfo").status()).isNotZero();
    assertThat(
            pod.get().getSpec().getContainers().getFirst().getVolumeMounts().stream()
                .filter(mount -> mount.getName().startsWith("podproc-")))
        .allMatch(VolumeMount::getReadOnly);
  }

  @Test
  void pods_of_a_Deployment(Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Deployment _ = cluster.create(namespace, "deployment", Deployment.class);
    assertThat(cluster.onlyPod(namespace).memory()).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void pods_of_a_StatefulSet(Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    StatefulSet _ = cluster.create(namespace, "statefulset", StatefulSet.class);
    assertThat(cluster.onlyPod(namespace).memory()).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void init_containers_and_native_sidecars(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "init-and-sidecar");
    assertThat(Output.kilobytes(pod.log("init"), "MemTotal")).isEqualTo(48 * 1024);
    assertThat(pod.memory("sidecar")).isEqualTo(64 * 1024);
    assertThat(pod.memory("main")).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void containers_that_debug_a_running_pod(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "limited");
    cluster.debug(pod, "debug-container");
    assertThat(pod.served("debugger")).contains("/proc/meminfo").isEqualTo(pod.served("main"));
  }

  @Test
  void what_a_pod_has_of_its_own_stays_and_is_warned_of_where_it_is_in_the_way(Cluster cluster) {
    RunningPod pod = cluster.run(cluster.namespace(Cluster.OPT_IN), "own-mount");
    assertThat(pod.sh("cat /proc/loadavg").ok()).isEqualTo("kept");
    assertThat(pod.served()).contains("/proc/meminfo").doesNotContain("/proc/loadavg");
    assertThat(pod.memory()).isEqualTo(Cluster.LIMITED);
    assertThat(pod.sh("touch /scratch/mine").status()).isZero();
    assertThat(pod.warnings())
        .singleElement()
        .asString()
        .startsWith("podproc: ")
        .contains("/proc/loadavg");
  }

  @Test
  void a_dry_run_tells_what_would_be(Cluster cluster) {
    Pod pod = cluster.dryRun(cluster.namespace(Cluster.OPT_IN), "unlimited");
    assertThat(Cluster.volumes(pod)).contains("podproc-proc-meminfo");
  }
}
