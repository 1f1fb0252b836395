// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Podproc's own workloads on a cluster. */
final class Podproc {
  static final Map<String, String> LABELS = Map.of("app.kubernetes.io/part-of", "podproc");

  /** What its pods are for, as their label says. */
  enum Component {
    DAEMON,
    KEEPER,
    WEBHOOK;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  private final KubernetesClient client;
  private final Release release;
  private final String namespace;
  private final Set<String> nodes = new ConcurrentSkipListSet<>();

  Podproc(KubernetesClient client, Release release, String namespace) {
    this.client = client;
    this.release = release;
    this.namespace = namespace;
  }

  /** Where it runs. */
  String namespace() {
    return namespace;
  }

  /** Nobody's podproc is upgraded or removed but one that a run of this suite made. */
  void refuseIfAnybodyElses() {
    for (DaemonSet set :
        client.apps().daemonSets().inAnyNamespace().withLabels(LABELS).list().getItems()) {
      String found = set.getMetadata().getNamespace();
      Namespace there = client.namespaces().withName(found).get();
      Map<String, String> labels =
          there == null || there.getMetadata().getLabels() == null
              ? Map.of()
              : there.getMetadata().getLabels();
      if (!found.equals(namespace) || !labels.containsKey(Cluster.MADE_HERE)) {
        throw new AssertionError(
            "podproc is installed here already, in " + found + "; the suite needs it for itself");
      }
    }
  }

  void install(Path chart, Map<String, Object> values) {
    release.install(chart, values);
    awaitReady();
    noteNodes();
  }

  /** Runs the chart's own test. */
  void helmTest() {
    release.test();
  }

  void uninstall() {
    noteNodes();
    release.uninstall();
    awaitGone();
  }

  /** Nothing installs it again. */
  void uninstallForGood() {
    release.end();
    awaitGone();
  }

  private void awaitGone() {
    Cluster.awaitGone("podproc's pods", () -> pods(LABELS).list().getItems());
  }

  // ---- what there is of it ----

  Resource<DaemonSet> daemons() {
    return client.apps().daemonSets().inNamespace(namespace).withName(Release.NAME + "-daemon");
  }

  Resource<DaemonSet> keepers() {
    return client.apps().daemonSets().inNamespace(namespace).withName(Release.NAME + "-keeper");
  }

  Resource<Deployment> webhook() {
    return client.apps().deployments().inNamespace(namespace).withName(Release.NAME + "-webhook");
  }

  /** Whether its nodes bring the files: those of 0.1.0 leave that to its webhook. */
  boolean bringsFiles() {
    return daemons().require().getSpec().getTemplate().getSpec().getContainers().stream()
        .flatMap(container -> container.getEnv().stream())
        .anyMatch(setting ->
            setting.getName().equals("PODPROC_NODE_DELIVERY") && "true".equals(setting.getValue()));
  }

  private FilterWatchListDeletable<Pod, PodList, PodResource> pods(Map<String, String> labels) {
    return client.pods().inNamespace(namespace).withLabels(labels);
  }

  private static Map<String, String> labels(Component component) {
    return Map.of("app.kubernetes.io/component", component.toString());
  }

  List<Pod> pods(Component component) {
    return pods(labels(component)).list().getItems();
  }

  /** The nodes where files are served, in the order of their names. */
  List<String> nodes() {
    return pods(Component.DAEMON).stream()
        .filter(RunningPod::isReady)
        .map(pod -> pod.getSpec().getNodeName())
        .distinct()
        .sorted()
        .toList();
  }

  /** Notes where a daemon or a keeper is, ready or not: it may have left something there. */
  void noteNodes() {
    Stream.of(Component.DAEMON, Component.KEEPER)
        .flatMap(component -> pods(component).stream())
        .map(pod -> pod.getSpec().getNodeName())
        .filter(Objects::nonNull) // not scheduled yet
        .forEach(nodes::add);
  }

  /** The nodes that were noted, in the order of their names. */
  Set<String> allNodes() {
    return nodes;
  }

  // ---- whether it is as it shall be ----

  /** Each node that shall have them has a daemon and a keeper, the webhook is ready, all of now. */
  void awaitReady() {
    Cluster.await("the daemons are ready", daemons(), Podproc::isRolledOut);
    Cluster.await("the keepers are ready", keepers(), set -> set == null || isRolledOut(set));
    Cluster.await("the webhook is ready", webhook(), Podproc::isRolledOut);
  }

  private static boolean isSeen(HasMetadata object, Long observed) {
    return Objects.equals(object.getMetadata().getGeneration(), observed);
  }

  /**
   * Whether all its pods are those of its template, and were ready for as long as it asks. While an
   * old pod is beside a new one, the controller counts the old (updateDaemonSetStatus).
   */
  private static boolean isRolledOut(DaemonSet set) {
    DaemonSetStatus status = set == null ? null : set.getStatus();
    return status != null
        && isSeen(set, status.getObservedGeneration())
        && status.getDesiredNumberScheduled() > 0
        && Stream.of(
                status.getNumberReady(),
                status.getNumberAvailable(),
                status.getUpdatedNumberScheduled())
            .allMatch(status.getDesiredNumberScheduled()::equals);
  }

  private static boolean isRolledOut(Deployment deployment) {
    DeploymentStatus status = deployment == null ? null : deployment.getStatus();
    return status != null
        && isSeen(deployment, status.getObservedGeneration())
        && Stream.of(
                status.getReplicas(), status.getAvailableReplicas(), status.getUpdatedReplicas())
            .allMatch(deployment.getSpec().getReplicas()::equals);
  }

  // ---- what is done to it ----

  /** Has all pods of daemon, keeper and webhook replaced at the same time. */
  void roll() {
    Consumer<PodTemplateSpec> change =
        template ->
            template
                .getMetadata()
                .getAnnotations()
                .put("podproc.io/e2e-rolled", Instant.now().toString());
    change(daemons(), change);
    change(keepers(), change);
    rollWebhook();
  }

  /** Has all pods of the webhook replaced. */
  void rollWebhook() {
    Deployment _ =
        webhook()
            .edit(deployment -> {
              deployment
                  .getSpec()
                  .getTemplate()
                  .getMetadata()
                  .getAnnotations()
                  .put("podproc.io/e2e-rolled", Instant.now().toString());
              return deployment;
            });
  }

  /** Changes what pods are made of. */
  static void change(Resource<DaemonSet> set, Consumer<PodTemplateSpec> change) {
    DaemonSet _ =
        set.edit(edited -> {
          change.accept(edited.getSpec().getTemplate());
          return edited;
        });
  }

  /** Scales the webhook, and waits until there are no pods if there shall be none. */
  void scaleWebhook(int replicas) {
    Deployment _ = webhook().scale(replicas);
    if (replicas == 0) {
      Cluster.awaitGone("the webhook's pods", () -> pods(Component.WEBHOOK));
    }
  }

  /** Deletes pods, and waits until others are there in their place. */
  void delete(Component component) {
    List<String> deleted =
        pods(labels(component)).delete().stream().map(StatusDetails::getUid).toList();
    if (deleted.isEmpty()) {
      throw new AssertionError("there is no " + component);
    }
    Command.await(
        "others have taken their place",
        Machine.deadline(180),
        () ->
            pods(component).stream()
                .noneMatch(pod -> deleted.contains(pod.getMetadata().getUid())));
    awaitReady();
  }
}
