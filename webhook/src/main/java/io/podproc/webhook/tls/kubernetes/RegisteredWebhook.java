// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.x509.Pem;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The MutatingWebhookConfiguration: whom it has the API server trust. */
public final class RegisteredWebhook implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("podproc");

  /** Who writes here, as managedFields tell. */
  static final String MANAGER = "podproc-webhook";

  private final String name;
  private final InstantSource clock;
  private final Complaints complaints;
  private final Rivalry rivalry;
  private final Resource<MutatingWebhookConfiguration> resource;
  private final Watched<MutatingWebhookConfiguration> watched;
  private Registration seen = Registration.NONE;
  private boolean missing;
  private @Nullable String patched;

  public RegisteredWebhook(
      KubernetesClient client,
      String name,
      InstantSource clock,
      Complaints complaints,
      Runnable changed) {
    this.name = name;
    this.clock = clock;
    this.complaints = complaints;
    this.rivalry = new Rivalry(clock);
    this.resource =
        client.admissionRegistration().v1().mutatingWebhookConfigurations().withName(name);
    this.watched =
        new Watched<>(resource, "MutatingWebhookConfiguration " + name, complaints, changed);
  }

  public void start() {
    watched.start();
  }

  /** Empty until the API server has told; {@link Registration#NONE} if there is no such object. */
  public synchronized Optional<Registration> registration() {
    if (!watched.isTold()) {
      return Optional.empty();
    }
    Optional<MutatingWebhookConfiguration> latest = watched.latest();
    if (latest.isEmpty() && !missing) {
      LOG.warnf(
          "no MutatingWebhookConfiguration %s: the API server does not call this webhook", name);
    }
    missing = latest.isEmpty();
    seen =
        latest
            .map(configuration -> Registration.of(configuration, clock.instant()).after(seen))
            .orElse(Registration.NONE);
    return Optional.of(seen);
  }

  /** Whether it can't be read for want of a permission. */
  public boolean isForbidden() {
    return watched.isForbidden();
  }

  /**
   * Makes these the caBundle of every entry. Nothing else of the object is touched, and nothing at
   * all if it has become another than the one that was seen, or where somebody else undoes it again
   * and again: then it is tried less and less often.
   *
   * @throws KubernetesClientException if it is not possible now
   */
  public void trust(List<X509Certificate> authorities) {
    Optional<MutatingWebhookConfiguration> latest = watched.latest();
    if (latest.isEmpty()) {
      return;
    }
    String version = latest.get().getMetadata().getResourceVersion();
    if (version.equals(patched)) {
      // What has become of it is on its way here.
      return;
    }
    List<Map<String, Object>> patch = patch(latest.get().getWebhooks(), authorities);
    if (patch.isEmpty()) {
      return;
    }
    patch.addFirst(Map.of("op", "test", "path", "/metadata/resourceVersion", "value", version));
    if (rivalry.isPaused()) {
      complaints.about(
          "somebody else writes the caBundle of " + name + " again and again",
          "%s; the next attempt is at %s"
              .formatted(Rivalry.writers(latest.get(), MANAGER), rivalry.pausedUntil()));
      return;
    }
    var _ =
        resource.patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.JSON)
                .withFieldManager(MANAGER)
                .build(),
            Serialization.asJson(patch));
    patched = version;
    rivalry.patched();
  }

  /** Of entries that have another caBundle. */
  private static List<Map<String, Object>> patch(
      List<MutatingWebhook> webhooks, List<X509Certificate> authorities) {
    List<Map<String, Object>> patch = new ArrayList<>();
    String bundle =
        Base64.getEncoder().encodeToString(Pem.text(authorities).getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < webhooks.size(); i++) {
      if (!Registration.caBundle(webhooks.get(i)).equals(bundle)) {
        String path = "/webhooks/" + i + "/clientConfig/caBundle";
        patch.add(Map.of("op", "add", "path", path, "value", bundle));
      }
    }
    return patch;
  }

  @Override
  public void close() {
    watched.close();
  }
}
