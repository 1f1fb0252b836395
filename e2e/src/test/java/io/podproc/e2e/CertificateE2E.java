// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The webhook has a certificate that the API server trusts, and nobody has to care for it. */
@ClusterTest
class CertificateE2E {
  /** What the API server trusts, entry by entry. */
  private static List<String> registered(Cluster cluster) {
    return cluster
        .client()
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(Release.NAME)
        .get()
        .getWebhooks()
        .stream()
        .map(MutatingWebhook::getClientConfig)
        .map(config -> Objects.requireNonNullElse(config.getCaBundle(), ""))
        .toList();
  }

  private static Resource<Secret> secret(Cluster cluster) {
    return cluster
        .client()
        .secrets()
        .inNamespace(cluster.podproc().namespace())
        .withName(Release.NAME + "-webhook-tls");
  }

  @Test
  void its_CA_is_registered_in_every_entry(Cluster cluster) {
    assertThat(registered(cluster)).hasSizeGreaterThan(1).doesNotContain("");
  }

  @Test
  void a_certificate_that_is_lost_is_made_anew_and_no_pod_notices(Cluster cluster) {
    Map<String, String> before = secret(cluster).get().getData();
    assertThat(before).containsKeys("ca.crt", "tls.crt", "tls.key");
    Secret _ =
        secret(cluster)
            .edit(secret -> {
              secret.setData(Map.of());
              return secret;
            });
    // What was served is served until every API server knows the next CA.
    String namespace = cluster.namespace(Cluster.OPT_IN);
    Command.await(
        "there is a certificate again",
        Machine.deadline(180),
        () -> {
          assertThat(Cluster.volumes(cluster.dryRun(namespace, "limited"))).isNotEmpty();
          return secret(cluster).get().getData().containsKey("tls.crt");
        });
    assertThat(secret(cluster).get().getData().get("ca.crt")).isNotEqualTo(before.get("ca.crt"));
    assertThat(registered(cluster)).doesNotContain("");
    RunningPod pod = cluster.run(namespace, "limited");
    assertThat(pod.memory()).isEqualTo(Cluster.LIMITED);
  }
}
