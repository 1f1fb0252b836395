// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Podproc without its webhook is a complete installation. */
@ClusterTest
class WithoutWebhookE2E {
  @Test
  void nodes_bring_the_files_and_nothing_of_a_webhook_is_there(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    RunningPod before = cluster.run(namespace, "limited");
    assertThat(before.volumes()).isNotEmpty();
    cluster.installWithoutWebhook();
    try {
      Cluster.awaitGone(
          "its registrations",
          () -> cluster.ours("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"));
      assertThat(cluster.podproc().webhook().get()).isNull();
      assertThat(cluster.ours("v1", "Secret")).isEmpty();

      long since = System.nanoTime();
      RunningPod pod = cluster.run(namespace, "limited");
      assertThat(pod.volumes()).isEmpty();
      assertThat(pod.warnings()).isEmpty();
      Command.await("it sees itself", Machine.deadline(10), () -> pod.memory() == Cluster.LIMITED);
      figures.publishEntry(
          "created, ready and seeing itself (ms)",
          Long.toString((System.nanoTime() - since) / 1_000_000));
      // What a webhook has mounted stays.
      assertThat(before.memory()).isEqualTo(Cluster.LIMITED);
    } finally {
      cluster.installThis();
    }
  }
}
