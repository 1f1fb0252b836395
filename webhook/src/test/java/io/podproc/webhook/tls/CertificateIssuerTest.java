// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.serving.ServingKeys;
import io.podproc.webhook.tls.x509.Authority;
import io.podproc.webhook.tls.x509.Pem;
import io.podproc.webhook.tls.x509.ServingCertificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CertificateIssuerTest {
  private static final CertificateSettings LONG =
      Settings.self(Duration.ofDays(90), Duration.ofDays(1825));
  private static final CertificateSettings SHORT =
      Settings.self(Duration.ofSeconds(30), Duration.ofDays(1));

  private final ApiServer api = new ApiServer();
  private final List<Replica> replicas = new ArrayList<>();

  /** A webhook without its ports. */
  private static final class Replica implements AutoCloseable {
    private final ServingKeys keys = new ServingKeys();
    private final KubernetesClient client;
    private final Certificates certificates;

    Replica(ApiServer api, CertificateSettings settings, Clock clock) {
      client = api.webhookClient();
      certificates =
          Certificates.start(
              settings,
              client,
              keys,
              new Served.Events() {
                @Override
                public void serving(ServingCertificate certificate) {}

                @Override
                public void authority(X509Certificate certificate) {}
              },
              clock);
    }

    X509Certificate serving() {
      return keys.current().orElseThrow().certificate();
    }

    Served.Readiness readiness() {
      return certificates.readiness();
    }

    @Override
    public void close() {
      certificates.close();
      client.close();
    }
  }

  private Replica start(CertificateSettings settings) {
    return start(settings, Clock.systemUTC());
  }

  private Replica start(CertificateSettings settings, Clock clock) {
    Replica replica = new Replica(api, settings, clock);
    replicas.add(replica);
    return replica;
  }

  private Replica ready(CertificateSettings settings) {
    Replica replica = start(settings);
    awaitReady(replica);
    return replica;
  }

  private static void awaitReady(Replica replica) {
    Waiting.until(
        () -> assertThat(replica.readiness()).isEqualTo(new Served.Readiness(true, "trusted")));
  }

  @AfterEach
  void close() {
    replicas.forEach(Replica::close);
    api.close();
  }

  private List<String> bundles() {
    return api.configuration().get().getWebhooks().stream().map(Registration::caBundle).toList();
  }

  private SecretContents contents() {
    return SecretContents.read(api.secret().get().getData()).contents();
  }

  private void edit(Map<String, String> data) {
    var _ =
        api.secret()
            .edit(secret -> {
              secret.setData(new TreeMap<>(data));
              return secret;
            });
  }

  private static MutatingWebhookConfiguration withoutBundles(
      MutatingWebhookConfiguration configuration) {
    MutatingWebhookConfiguration copy =
        new MutatingWebhookConfigurationBuilder(configuration).build();
    copy.getMetadata().setResourceVersion(null);
    copy.getMetadata().setGeneration(null);
    for (MutatingWebhook webhook : copy.getWebhooks()) {
      webhook.getClientConfig().setCaBundle(null);
    }
    return copy;
  }

  @Test
  void emptyObjectsAreFilledAndOnlyCaBundlesAreTouched() {
    MutatingWebhookConfiguration before = api.configuration().get();
    Secret empty = api.secret().get();
    Replica replica = ready(LONG);

    MutatingWebhookConfiguration after = api.configuration().get();
    assertThat(withoutBundles(after)).isEqualTo(withoutBundles(before));
    assertThat(bundles()).hasSize(2).doesNotContain("").containsOnly(bundles().getFirst());
    assertThat(contents().serving().orElseThrow().certificate()).isEqualTo(replica.serving());
    assertThat(api.secret().get().getMetadata().getLabels())
        .isEqualTo(empty.getMetadata().getLabels());
    assertThat(api.lease().get().getSpec().getHolderIdentity()).isNotBlank();
    assertThat(api.refused()).isEmpty();
  }

  @Test
  void everyReplicaServesTheSame() {
    Replica first = ready(LONG);
    Replica second = ready(LONG);
    assertThat(second.serving()).isEqualTo(first.serving());
  }

  @Test
  void aCaBundleThatSomebodyResetsIsSetAgain() {
    Replica replica = ready(LONG);
    List<String> ours = bundles();
    String foreign =
        Base64.getEncoder()
            .encodeToString(
                Pem.text(List.of(Authority.create(Instant.now(), Duration.ofDays(9)).certificate()))
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    for (String reset : new String[] {"IyBub25l", foreign}) {
      var _ =
          api.configuration()
              .edit(configuration -> {
                configuration.getWebhooks().getLast().getClientConfig().setCaBundle(reset);
                return configuration;
              });
      Waiting.until(() -> assertThat(bundles()).isEqualTo(ours));
    }
    awaitReady(replica);
    assertThat(api.refused()).isEmpty();
  }

  @Test
  void aLostRegistrationIsFilledWhenItIsBack() {
    Replica replica = ready(LONG);
    List<String> ours = bundles();
    var _ = api.configuration().delete();
    Waiting.until(() -> assertThat(replica.readiness().ready()).isFalse());
    api.createConfiguration();
    awaitReady(replica);
    assertThat(bundles()).isEqualTo(ours);
  }

  @Test
  void withoutARegistrationThereIsACertificateThatNobodyAsksFor() {
    var _ = api.configuration().delete();
    Replica replica = start(LONG);
    Waiting.until(() -> assertThat(contents().serving()).isPresent());
    Waiting.until(() ->
        assertThat(replica.readiness().state())
            .isEqualTo("the registered caBundle does not lead to the certificate"));
    api.createConfiguration();
    awaitReady(replica);
  }

  @Test
  void aDeletedSecretLeavesWhatIsServed() {
    Replica replica = ready(SHORT);
    X509Certificate served = replica.serving();
    String bundle = bundles().getFirst();
    var _ = api.secret().delete();
    api.createSecret();
    // First the new CA is trusted besides the old one, and later it issues.
    Waiting.until(() -> assertThat(bundles().getFirst()).isNotEqualTo(bundle));
    assertThat(replica.readiness().ready()).isTrue();
    Waiting.until(() -> assertThat(replica.serving()).isNotEqualTo(served));
    assertThat(replica.readiness().ready()).isTrue();
    assertThat(api.refused()).isEmpty();
  }

  @Test
  void aSecretThatIsNotThereIsWaitedFor() {
    var _ = api.secret().delete();
    Replica replica = start(LONG);
    Waiting.until(() -> assertThat(api.lease().get().getSpec()).isNotNull());
    assertThat(replica.readiness()).isEqualTo(new Served.Readiness(false, "no certificate yet"));
    api.createSecret();
    awaitReady(replica);
    assertThat(api.refused()).isEmpty();
  }

  @Test
  void aDamagedCertificateIsMadeAnewByTheSameCa() {
    Replica replica = ready(SHORT);
    X509Certificate served = replica.serving();
    String bundle = bundles().getFirst();
    Map<String, String> damaged = new TreeMap<>(api.secret().get().getData());
    var _ = damaged.computeIfPresent("tls.crt", (key, whole) -> whole.substring(0, 400));
    damaged.put("theirs", "c3RheXM=");
    edit(damaged);
    Waiting.until(() -> assertThat(replica.serving()).isNotEqualTo(served));
    assertThat(replica.readiness().ready()).isTrue();
    assertThat(bundles()).containsOnly(bundle);
    assertThat(api.secret().get().getData()).containsEntry("theirs", "c3RheXM=");
  }

  @Test
  void whatALaterReleaseWroteIsServedAndNotTouched() {
    Replica first = ready(LONG);
    first.close();
    replicas.clear();
    Map<String, String> data = new TreeMap<>(api.secret().get().getData());
    data.put("version", "Mg==");
    data.put("next-ca.crt", "ZnV0dXJl");
    edit(data);
    Replica second = start(LONG);
    Waiting.until(() -> assertThat(second.serving()).isEqualTo(first.serving()));
    var _ =
        api.configuration()
            .edit(configuration -> {
              configuration.getMetadata().getAnnotations().put("changed", "yes");
              return configuration;
            });
    awaitReady(second);
    assertThat(api.secret().get().getData()).isEqualTo(data);
  }

  @Test
  void anApiServerThatIsAwayIsWaitedFor() {
    api.goAway();
    Replica replica = start(LONG);
    assertThat(replica.readiness().ready()).isFalse();
    api.comeBack();
    awaitReady(replica);

    X509Certificate served = replica.serving();
    api.goAway();
    assertThat(replica.readiness().ready()).isTrue();
    api.comeBack();
    var _ =
        api.configuration()
            .edit(configuration -> {
              configuration.getWebhooks().getFirst().getClientConfig().setCaBundle("");
              return configuration;
            });
    awaitReady(replica);
    Waiting.until(() -> assertThat(bundles()).doesNotContain(""));
    assertThat(replica.serving()).isEqualTo(served);
  }

  @Test
  void whoCannotReadTheRegistrationIssuesNothing() {
    api.forbid("mutatingwebhookconfigurations");
    Replica replica = start(LONG);
    Waiting.until(() -> assertThat(api.refused()).isNotEmpty());
    Waiting.until(() -> assertThat(api.lease().get().getSpec()).isNotNull());
    assertThat(replica.readiness()).isEqualTo(new Served.Readiness(false, "no certificate yet"));
    assertThat(contents()).isEqualTo(SecretContents.EMPTY);
  }

  @Test
  void theNextLeaderGoesOnAtOnceWhenOneStops() {
    Replica first = ready(LONG);
    Replica second = ready(LONG);
    String leader = api.lease().get().getSpec().getHolderIdentity();
    first.close();
    replicas.remove(first);
    // The Lease is given up, not waited out.
    Waiting.until(() ->
        assertThat(api.lease().get().getSpec().getHolderIdentity())
            .isNotEqualTo(leader)
            .isNotBlank());
    var _ =
        api.configuration()
            .edit(configuration -> {
              configuration.getWebhooks().getFirst().getClientConfig().setCaBundle("");
              return configuration;
            });
    Waiting.until(() -> assertThat(bundles()).doesNotContain(""));
    awaitReady(second);
  }

  @Test
  void whoseClockIsAYearAheadLeadsNobody() {
    Replica wrong = start(SHORT, Clock.offset(Clock.systemUTC(), Duration.ofDays(365)));
    Replica right = start(SHORT);
    awaitReady(right);
    assertThat(wrong.readiness().ready()).isFalse();
    wrong.close();
    replicas.remove(wrong);

    // Alone it makes none, however long it is alone.
    right.close();
    replicas.remove(right);
    edit(Map.of());
    String last = api.lease().get().getSpec().getHolderIdentity();
    Replica alone = start(SHORT, Clock.offset(Clock.systemUTC(), Duration.ofDays(-365)));
    Instant end = Instant.now().plus(SHORT.leaseDuration().multipliedBy(3));
    Waiting.until(() -> assertThat(Instant.now()).isAfter(end));
    assertThat(api.lease().get().getSpec().getHolderIdentity()).isEqualTo(last);
    assertThat(contents()).isEqualTo(SecretContents.EMPTY);
    assertThat(alone.readiness().ready()).isFalse();
  }

  /** Another controller that has its own idea of the caBundle, and as much patience. */
  @Test
  void whoIsUndoneAgainAndAgainDoesItLessOften() {
    Replica replica = ready(LONG);
    int before = api.patches();
    for (int i = 0; i < 40; i++) {
      String theirs = "IyBub25l";
      var _ =
          api.configuration()
              .edit(configuration -> {
                configuration.getWebhooks().forEach(w -> w.getClientConfig().setCaBundle(theirs));
                configuration.getMetadata().getAnnotations().put("turn", "" + Instant.now());
                return configuration;
              });
      // As long as one would take that answers at once.
      Instant end = Instant.now().plusMillis(250);
      Waiting.until(
          () -> assertThat(bundles().contains(theirs) && Instant.now().isBefore(end)).isFalse());
    }
    assertThat(api.patches() - before).isBetween(1, 4);
    assertThat(replica.readiness().ready()).isFalse();
  }
}
