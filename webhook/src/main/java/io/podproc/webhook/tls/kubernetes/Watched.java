// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.podproc.webhook.log.Complaints;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One object by its name, as the API server last told. It asks again and again while it gets no
 * answer, and meanwhile keeps what it had.
 */
public final class Watched<T extends HasMetadata> implements AutoCloseable {
  private final SharedIndexInformer<T> informer;
  private final Runnable changed;
  private volatile boolean told;
  private volatile boolean forbidden;

  /**
   * @param what it is, for the log
   * @param changed is called on a thread of the client's, which it must not hold
   */
  public Watched(Resource<T> resource, String what, Complaints complaints, Runnable changed) {
    this.changed = changed;
    this.informer =
        resource
            .runnableInformer(0)
            .exceptionHandler((started, failure) -> retry(failure, what, complaints))
            .addEventHandler(new Events());
  }

  public void start() {
    var _ =
        informer
            .start()
            .thenRun(() -> {
              told = true;
              changed.run();
            });
  }

  private boolean retry(Throwable failure, String what, Complaints complaints) {
    forbidden = isForbidden(failure);
    complaints.about("can't read " + what, reason(failure));
    return true;
  }

  private final class Events implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      changed.run();
    }

    @Override
    public void onUpdate(T before, T object) {
      changed.run();
    }

    @Override
    public void onDelete(T object, boolean stateUnknown) {
      changed.run();
    }
  }

  /** Whether the API server has told yet if there is such an object. */
  public boolean isTold() {
    return told;
  }

  /** Whether it will never tell, for want of a permission. */
  boolean isForbidden() {
    return forbidden && !told;
  }

  /** Empty if there is none, or it is not told yet. */
  public Optional<T> latest() {
    List<T> objects = informer.getStore().list();
    return objects.stream().findFirst();
  }

  private static boolean isForbidden(Throwable failure) {
    return cause(failure) instanceof KubernetesClientException refused
        && (refused.getCode() == HttpURLConnection.HTTP_FORBIDDEN
            || refused.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED);
  }

  /** In one line. */
  public static String reason(Throwable failure) {
    String message = cause(failure).getMessage();
    return message == null
        ? failure.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }

  /** What a future failed of. */
  private static Throwable cause(Throwable failure) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof KubernetesClientException) {
        return t;
      }
    }
    return failure;
  }

  @Override
  public void close() {
    informer.stop();
  }
}
