// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** From the last release to this one, by {@code helm upgrade}. */
@ClusterTest
@Order(Integer.MAX_VALUE - 1)
class UpgradeE2E {
  /** This checkout's chart asks its images for what those of the last release may not know. */
  private static final String LAST_CHART = "E2E_LAST_CHART";

  @Test
  void an_upgrade_from_the_last_release_is_felt_by_nobody(Cluster cluster, TestReporter figures) {
    for (String setting :
        new String[] {"E2E_LAST_DAEMON_IMAGE", "E2E_LAST_WEBHOOK_IMAGE", LAST_CHART}) {
      Assumptions.assumeTrue(
          cluster.images().names(setting), setting + " names nothing of the last release");
    }
    Path chart = Machine.checkout().resolve(System.getenv().getOrDefault(LAST_CHART, ""));
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Readers readers;
    try {
      cluster.podproc().uninstall();
      cluster.installLast(chart);
      readers = Readers.start(cluster, namespace);
    } finally {
      cluster.installThis();
    }
    readers.assertUndisturbed(figures);
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(Cluster.LIMITED);
  }
}
