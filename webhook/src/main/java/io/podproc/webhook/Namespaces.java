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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The labels of all namespaces, as the API server tells when they change. */
@Singleton
final class Namespaces {
  /** A review may have to wait for so long, milliseconds. */
  private static final int LOOKUP_DEADLINE = 1000;

  private final Logger log = Logger.getLogger("podproc");
  private final KubernetesClient client;
  private final SharedIndexInformer<Namespace> informer;
  private final Executor lookups = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, CompletableFuture<Optional<Map<String, String>>>> underWay =
      new ConcurrentHashMap<>();

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
   * @return nothing if there is no such namespace or no telling
   */
  Optional<Map<String, String>> labels(String name) {
    Namespace watched = informer.getStore().getByKey(name);
    return watched == null ? lookUp(name) : Optional.of(labels(watched));
  }

  private Optional<Map<String, String>> lookUp(String name) {
    // Pods come in swarms: one asks for all.
    CompletableFuture<Optional<Map<String, String>>> answer =
        underWay.computeIfAbsent(
            name,
            n ->
                CompletableFuture.supplyAsync(() -> get(n), lookups)
                    .orTimeout(LOOKUP_DEADLINE, TimeUnit.MILLISECONDS));
    try {
      return answer.get(LOOKUP_DEADLINE, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      underWay.remove(name, answer);
    }
  }

  private Optional<Map<String, String>> get(String name) {
    return client
        .adapt(NamespacedKubernetesClient.class)
        .withRequestConfig(
            new RequestConfigBuilder()
                .withRequestTimeout(LOOKUP_DEADLINE)
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
