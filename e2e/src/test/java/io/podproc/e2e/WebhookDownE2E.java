// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** No webhook, no harm: pods start, and their nodes bring the files. */
@ClusterTest
class WebhookDownE2E {
  /** How long the API server waits for an answer as the chart registers it, in seconds; and one. */
  private static final int TIMEOUT = 5 + 1;

  /** Asks over and over what a pod would be created as, until it is ended. */
  private static final class Arrivals implements AutoCloseable {
    private final List<Boolean> injected = new ArrayList<>();
    private final Thread thread;
    private long longestMillis;
    private volatile boolean ended;

    Arrivals(Cluster cluster, String namespace) {
      thread =
          Thread.ofVirtual()
              .start(() -> {
                while (!ended) {
                  long since = System.nanoTime();
                  // One that is refused ends the thread, and is missed.
                  boolean isInjected =
                      !Cluster.volumes(cluster.dryRun(namespace, "limited")).isEmpty();
                  longestMillis =
                      Math.max(
                          longestMillis, Duration.ofNanos(System.nanoTime() - since).toMillis());
                  injected.add(isInjected);
                  Command.sleep(Duration.ofMillis(20));
                }
              });
    }

    /** Ends them. None was refused. */
    Arrivals end(TestReporter figures) {
      assertThat(thread.isAlive()).as("every pod was admitted").isTrue();
      close();
      figures.publishEntry("pods", Integer.toString(injected.size()));
      figures.publishEntry("longest wait (ms)", Long.toString(longestMillis));
      return this;
    }

    @Override
    public void close() {
      ended = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw Command.interrupted(e);
      }
    }
  }

  @Test
  void pods_start_uninjected_while_it_is_down_and_are_injected_afterwards(Cluster cluster) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    int replicas = cluster.podproc().webhook().require().getSpec().getReplicas();
    try {
      cluster.podproc().scaleWebhook(0);
      RunningPod pod = cluster.run(namespace, "limited");
      assertThat(pod.volumes()).isEmpty();
      Command.await(
          "its node brings the files", Machine.deadline(5), () -> pod.memory() == Cluster.LIMITED);
    } finally {
      cluster.podproc().scaleWebhook(replicas);
    }
    cluster.podproc().awaitReady();
    cluster.awaitInjection();
    assertThat(cluster.run(namespace, "limited").memory()).isEqualTo(Cluster.LIMITED);
  }

  @Test
  void no_pod_is_refused_or_kept_waiting_while_it_stops_and_starts(
      Cluster cluster, TestReporter figures) {
    String namespace = cluster.namespace(Cluster.OPT_IN);
    int replicas = cluster.podproc().webhook().require().getSpec().getReplicas();
    try (Arrivals arrivals = new Arrivals(cluster, namespace)) {
      try {
        cluster.podproc().scaleWebhook(0);
      } finally {
        cluster.podproc().scaleWebhook(replicas);
      }
      cluster.podproc().awaitReady();
      cluster.awaitInjection();
      Arrivals ended = arrivals.end(figures);
      assertThat(ended.injected).contains(true, false);
      assertThat(ended.longestMillis).isLessThan(Machine.deadline(TIMEOUT).toMillis());
    }
  }

  @Test
  void every_pod_is_injected_while_it_is_rolled(Cluster cluster, TestReporter figures) {
    cluster.awaitInjection();
    try (Arrivals arrivals = new Arrivals(cluster, cluster.namespace(Cluster.OPT_IN))) {
      cluster.podproc().rollWebhook();
      cluster.podproc().awaitReady();
      assertThat(arrivals.end(figures).injected).isNotEmpty().doesNotContain(false);
    }
  }
}
