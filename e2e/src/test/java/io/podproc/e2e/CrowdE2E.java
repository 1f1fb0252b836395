// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Many pods start at the same time. */
@ClusterTest
class CrowdE2E {
  private static final int PODS = 100;

  /** Fewer are no crowd. */
  private static final int LEAST = 50;

  /** MemTotal of what the manifest describes, in kB. */
  private static final long LIMIT = 32 * 1024;

  /** Negative where those without podproc were later. */
  private static final String LATER = "in the middle later than plain ones by (ms)";

  /** Kept free, for what replaces pods of others meanwhile. */
  private static final int SPARE = 5;

  /** Pods of the manifest {@code crowd} in a namespace, and when each was ready. */
  private static final class Crowd implements ResourceEventHandler<Pod> {
    private final Map<String, Long> created = new ConcurrentHashMap<>();
    private final Map<String, Long> ready = new ConcurrentHashMap<>();

    @Override
    public void onAdd(Pod pod) {
      onUpdate(pod, pod);
    }

    @Override
    public void onUpdate(Pod before, Pod pod) {
      if (RunningPod.isReady(pod)) {
        ready.putIfAbsent(pod.getMetadata().getName(), System.nanoTime());
      }
    }

    @Override
    public void onDelete(Pod pod, boolean unknown) {}

    void start(Cluster cluster, String namespace, int pods) {
      KubernetesClient client = cluster.client();
      try (SharedIndexInformer<Pod> _ = client.pods().inNamespace(namespace).inform(this)) {
        try (ExecutorService creators = Executors.newVirtualThreadPerTaskExecutor()) {
          IntStream.range(0, pods)
              .forEach(i -> creators.execute(() -> create(cluster, namespace, i)));
        }
        assertThat(created).as("pods that could be created").hasSize(pods);
        Command.await(
            "all " + pods + " are ready", Machine.deadline(400), () -> ready.size() == pods);
      }
    }

    private void create(Cluster cluster, String namespace, int number) {
      Pod pod = Cluster.manifest(cluster.images(), "crowd", Pod.class);
      String name = "crowd-" + number;
      pod.getMetadata().setGenerateName(null);
      pod.getMetadata().setName(name);
      long since = System.nanoTime();
      Pod _ = cluster.client().pods().inNamespace(namespace).resource(pod).create();
      created.put(name, since);
    }

    /** Tells how long it took. Returns the median, in milliseconds. */
    long tell(TestReporter figures, String kind) {
      List<Long> millis = new ArrayList<>();
      created.forEach(
          (name, since) -> millis.add((ready.getOrDefault(name, since) - since) / 1_000_000));
      millis.sort(null);
      long median = millis.get(millis.size() / 2);
      figures.publishEntry(kind + ": ready in the middle after (ms)", Long.toString(median));
      figures.publishEntry(kind + ": the last after (ms)", Long.toString(millis.getLast()));
      return median;
    }
  }

  /** As many as the cluster has room for, if that is less than a hundred: a kubelet takes 110. */
  private static int pods(Cluster cluster, TestReporter figures) {
    cluster.awaitEndedTests();
    int room = room(cluster.client()) - SPARE;
    Assumptions.assumeTrue(room >= LEAST, "the cluster has room for " + room + " pods more only");
    int pods = Math.min(PODS, room);
    figures.publishEntry("pods", Integer.toString(pods));
    return pods;
  }

  /** Once without podproc, once with. */
  @Test
  void up_to_a_hundred_pods_start_at_once_and_all_are_injected(
      Cluster cluster, TestReporter figures) {
    int pods = pods(cluster, figures);

    String plain = cluster.namespace();
    long before = start(cluster, plain, pods, figures, "plain");
    assertThat(all(cluster, plain)).allSatisfy(pod -> assertThat(Cluster.volumes(pod)).isEmpty());
    cluster.client().pods().inNamespace(plain).delete();
    Cluster.awaitGone("the plain ones", () -> all(cluster, plain));

    String injected = cluster.namespace(Cluster.OPT_IN);
    long after = start(cluster, injected, pods, figures, "injected");
    figures.publishEntry(LATER, Long.toString(after - before));
    assertThat(all(cluster, injected))
        .hasSize(pods)
        .allSatisfy(pod -> {
          assertThat(Cluster.volumes(pod)).contains("podproc-proc-meminfo");
          String log = cluster.client().pods().resource(pod).getLog();
          assertThat(Output.kilobytes(log, "MemTotal")).isEqualTo(LIMIT);
        });
    cluster.client().pods().inNamespace(injected).delete();
    Cluster.awaitGone("the injected ones", () -> all(cluster, injected));
  }

  /** Where no hostPath is admitted. Nothing waits for the files: how many were late is told. */
  @Test
  void up_to_a_hundred_pods_start_at_once_and_their_nodes_bring_all_the_files(
      Cluster cluster, TestReporter figures) {
    int pods = pods(cluster, figures);

    String plain = cluster.namespace(Cluster.BASELINE);
    long before = start(cluster, plain, pods, figures, "plain");
    cluster.client().pods().inNamespace(plain).delete();
    Cluster.awaitGone("the plain ones", () -> all(cluster, plain));

    String labelled = cluster.namespace(Cluster.OPT_IN, Cluster.BASELINE);
    long after = start(cluster, labelled, pods, figures, "with files");
    figures.publishEntry(LATER, Long.toString(after - before));
    List<Pod> all = all(cluster, labelled);
    assertThat(all).hasSize(pods).allSatisfy(pod -> assertThat(Cluster.volumes(pod)).isEmpty());
    long early =
        all.stream()
            .map(pod -> cluster.client().pods().resource(pod).getLog())
            .filter(log -> Output.kilobytes(log, "MemTotal") == LIMIT)
            .count();
    figures.publishEntry("first reads that were the container's", Long.toString(early));
    for (Pod pod : all) {
      RunningPod running = new RunningPod(cluster.client(), pod, List.of());
      Command.await("all see themselves", Machine.deadline(10), () -> running.memory() == LIMIT);
    }
    cluster.client().pods().inNamespace(labelled).delete();
    Cluster.awaitGone("the labelled ones", () -> all(cluster, labelled));
  }

  /** Returns after how long the one in the middle was ready, in milliseconds. */
  private static long start(
      Cluster cluster, String namespace, int pods, TestReporter figures, String kind) {
    Crowd crowd = new Crowd();
    crowd.start(cluster, namespace, pods);
    return crowd.tell(figures, kind);
  }

  private static List<Pod> all(Cluster cluster, String namespace) {
    return cluster.client().pods().inNamespace(namespace).list().getItems();
  }

  /** How many pods more the nodes take that take any. */
  private static int room(KubernetesClient client) {
    List<Pod> pods = client.pods().inAnyNamespace().list().getItems();
    return client.nodes().list().getItems().stream()
        .filter(CrowdE2E::isOpen)
        .mapToInt(node ->
            Objects.requireNonNull(node.getStatus().getAllocatable().get("pods"), "pods")
                    .getNumericalAmount()
                    .intValue()
                - (int)
                    pods.stream()
                        .filter(
                            pod -> node.getMetadata().getName().equals(pod.getSpec().getNodeName()))
                        .count())
        .sum();
  }

  private static boolean isOpen(Node node) {
    return !Boolean.TRUE.equals(node.getSpec().getUnschedulable())
        && node.getSpec().getTaints().stream()
            .allMatch(taint -> taint.getEffect().equals("PreferNoSchedule"));
  }
}
