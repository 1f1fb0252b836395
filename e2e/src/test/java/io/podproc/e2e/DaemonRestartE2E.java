// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.Podproc.Component;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Whatever replaces daemon, keeper and webhook: pods that run do not notice, and others start. */
@ClusterTest
class DaemonRestartE2E {
  @Test
  void a_roll_of_daemon_keeper_and_webhook_is_felt_by_nobody(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    cluster.podproc().roll();
    cluster.podproc().awaitReady();
    readers.assertUndisturbed(figures);
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(Cluster.LIMITED);
  }

  /** The keeper's pod stays, and reads wait for the next daemon. */
  @Test
  void a_running_pod_does_not_notice_that_its_daemon_s_pod_is_deleted(
      Cluster cluster, TestReporter figures) {
    Readers readers = Readers.start(cluster, cluster.namespace(Cluster.OPT_IN));
    cluster.podproc().delete(Component.DAEMON);
    readers.assertUndisturbed(figures);
  }

  @Test
  void a_running_pod_does_not_notice_that_its_daemon_is_killed(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers = Readers.start(cluster, namespace);
    Nodes.of(cluster).killAndAwait(Component.DAEMON);
    readers.assertUndisturbed(figures);
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void a_running_pod_does_not_notice_that_its_keeper_is_killed_and_the_next_one_keeps_its_files(
      Cluster cluster, TestReporter figures) {
    Readers readers = Readers.start(cluster, cluster.namespace(Cluster.OPT_IN));
    Nodes nodes = Nodes.of(cluster);
    nodes.killAndAwait(Component.KEEPER);
    nodes.killAndAwait(Component.DAEMON);
    readers.assertUndisturbed(figures);
  }
}
