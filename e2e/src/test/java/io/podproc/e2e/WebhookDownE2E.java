// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.podproc.e2e.Cluster.RunningPod;
import org.junit.jupiter.api.Test;

/** No webhook, no harm: pods start, with the node's view. */
@ClusterTest
class WebhookDownE2E {
  @Test
  void pods_start_uninjected_while_it_is_down_and_are_injected_afterwards(Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    int replicas = cluster.webhook().get().getSpec().getReplicas();
    try {
      Deployment _ = cluster.webhook().scale(0);
      Cluster.awaitGone(
          "the webhook's pods",
          () ->
              cluster
                  .client()
                  .pods()
                  .inNamespace(cluster.releaseNamespace())
                  .withLabel("app.kubernetes.io/component", "webhook")
                  .list()
                  .getItems());
      RunningPod pod = cluster.run(namespace, "limited");
      assertThat(pod.volumes()).isEmpty();
      assertThat(pod.memory()).isEqualTo(cluster.nodeMemory(pod));
    } finally {
      Deployment _ = cluster.webhook().scale(replicas);
      cluster.awaitWebhook();
    }
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(96 * 1024);
  }
}
