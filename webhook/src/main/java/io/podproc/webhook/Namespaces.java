// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The labels of all namespaces, as the API server tells when they change. */
@Singleton
final class Namespaces {
  private final Logger log = Logger.getLogger("podproc");
  private final KubernetesClient client;
  private final SharedIndexInformer<Namespace> informer;
  private final NamespaceLookUps lookUps = new NamespaceLookUps(this::get, System::nanoTime);

  Namespaces(KubernetesClient client) {
    this.client = client;
    informer =
        client
            .namespaces()
            .runnableInformer(0)
            .itemStore(new LabelStore())
            .exceptionHandler((started, cause) -> tellAndGoOn(cause));
  }

  /** Keeps of each namespace what is asked for, ready to be taken, and what the informer needs. */
  private static final class LabelStore extends BasicItemStore<Namespace> {
    LabelStore() {
      super(Cache::metaNamespaceKeyFunc);
    }

    @Override
    public @Nullable Namespace put(String key, Namespace namespace) {
      ObjectMeta all = namespace.getMetadata();
      ObjectMeta kept = new ObjectMeta();
      kept.setName(all.getName());
      kept.setUid(all.getUid());
      kept.setResourceVersion(all.getResourceVersion());
      kept.setLabels(all.getLabels());
      Namespace slim = new Namespace();
      slim.setMetadata(kept);
      return super.put(key, slim);
    }

    @Override
    public boolean isFullState() {
      return false;
    }
  }

  private boolean tellAndGoOn(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    log.warnf("can't watch namespaces, trying again: %s", cause.getMessage());
    return true;
  }

  /** Begins to watch, and goes on whatever the API server does. */
  void watch(@Observes StartupEvent event) {
    var _ = informer.start();
  }

  /** Whether all namespaces were known at some time. */
  boolean known() {
    return informer.hasSynced();
  }

  /**
   * The labels of a namespace. One that is not known yet is asked for, within a second.
   *
   * <p>One that does not exist has no labels, as most that do: whoever else can send reviews learns
   * nothing of it. The same is said where strangers ask for more than is looked up.
   *
   * @return nothing if there is no telling
   */
  Optional<Map<String, String>> labels(String name) {
    Namespace watched = informer.getStore().getByKey(name);
    return watched == null ? lookUps.labels(name) : Optional.of(labels(watched));
  }

  private Optional<Map<String, String>> get(String name) {
    return client
        .adapt(NamespacedKubernetesClient.class)
        .withRequestConfig(
            new RequestConfigBuilder()
                .withRequestTimeout((int) NamespaceLookUps.DEADLINE.toMillis())
                .withRequestRetryBackoffLimit(0)
                .build())
        .call(once -> Optional.ofNullable(once.namespaces().withName(name).get()))
        .map(Namespaces::labels);
  }

  private static Map<String, String> labels(Namespace namespace) {
    Map<String, String> labels = namespace.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  @PreDestroy
  void close() {
    informer.close();
  }
}
