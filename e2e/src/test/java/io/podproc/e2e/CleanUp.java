// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Has nothing stay in a cluster of what a run of the suite made there, however it ends: closed by
 * the last test, or by a signal in the midst of one. Each step is taken whatever became of those
 * before it.
 */
final class CleanUp implements AutoCloseable {
  private static final Map<String, String> CLUSTER_WIDE =
      Map.of(
          "MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1",
          "ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1",
          "ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1",
          "ClusterRole", "rbac.authorization.k8s.io/v1",
          "ClusterRoleBinding", "rbac.authorization.k8s.io/v1");

  private final KubernetesClient client;
  private final Podproc podproc;
  private final Images images;
  private final List<Throwable> failures = new ArrayList<>();

  /** The namespaces of the test that runs, and those of others that could not be deleted yet. */
  private final Set<String> ofTests = ConcurrentHashMap.newKeySet();

  /** Those of tests that have ended, which go in their time. */
  private final Set<String> ended = ConcurrentHashMap.newKeySet();

  /** Whether there is anything here that is ours to remove. */
  private volatile boolean begun;

  private volatile boolean closing;
  private boolean closed;

  CleanUp(KubernetesClient client, Podproc podproc, Images images) {
    this.client = client;
    this.podproc = podproc;
    this.images = images;
  }

  /** From here on, podproc is the suite's own, and so is what a run before it left. */
  void begin() {
    begun = true;
    removeNamespaces();
  }

  /** Makes a namespace that goes with the test that runs. Returns its name. */
  String makeForTest(NamespaceBuilder namespace) {
    String name = make(namespace);
    ofTests.add(name);
    return name;
  }

  /**
   * Has the namespaces of a test that has ended go, and their pods, so that these don't fill the
   * nodes. What can't be deleted is no fault of the test: it is tried again when the next one has
   * ended, and in the end.
   */
  void endTest() {
    ofTests.removeIf(this::isDeleted);
  }

  private boolean isDeleted(String name) {
    try {
      var _ = client.namespaces().withName(name).delete();
    } catch (RuntimeException e) {
      return false;
    }
    ended.add(name);
    return true;
  }

  /** Whether a namespace is one of a test that has ended. */
  boolean isOfEndedTest(String namespace) {
    return ended.contains(namespace);
  }

  /** Makes a namespace that stays until the end. Returns its name. */
  String make(NamespaceBuilder namespace) {
    if (closing) {
      throw new IllegalStateException("the suite is being stopped");
    }
    return client.namespaces().resource(namespace.build()).create().getMetadata().getName();
  }

  /** Synchronized: a signal while tests end by themselves waits for them. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    closing = true;
    if (begun) {
      // Where a daemon is or was.
      attempt(podproc::noteNodes);
      Set<String> nodes = new TreeSet<>(podproc.allNodes());
      attempt(() -> nodes.addAll(labelledNodes()));
      attempt(podproc::uninstallForGood);
      CLUSTER_WIDE.forEach((kind, version) -> attempt(() -> removeAll(version, kind)));
      attempt(() -> nodes.forEach(this::removeLabel));
      attempt(this::removeNamespaces);
      attempt(() -> sweep(nodes));
      attempt(this::removeNamespaces);
    }
    client.close();
    if (!failures.isEmpty()) {
      AssertionError left = new AssertionError("not all was removed: " + failures.getFirst());
      failures.forEach(left::addSuppressed);
      throw left;
    }
  }

  private void attempt(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      failures.add(e);
    }
  }

  private List<String> labelledNodes() {
    return client.nodes().withLabel(Cluster.READY).list().getItems().stream()
        .map(node -> node.getMetadata().getName())
        .toList();
  }

  private void removeLabel(String name) {
    Node _ =
        client
            .nodes()
            .withName(name)
            .edit(node ->
                new NodeBuilder(node)
                    .editMetadata()
                    .removeFromLabels(Cluster.READY)
                    .endMetadata()
                    .build());
  }

  /** What Helm would have removed, had it known of it. */
  private void removeAll(String version, String kind) {
    var _ = client.genericKubernetesResources(version, kind).withLabels(Podproc.LABELS).delete();
  }

  private void removeNamespaces() {
    var _ = client.namespaces().withLabel(Cluster.MADE_HERE).delete();
    Cluster.awaitGone(
        "the namespaces of the suite",
        () -> client.namespaces().withLabel(Cluster.MADE_HERE).list().getItems());
  }

  /** Removes what stays on the disks of nodes for the sake of pods that were injected. */
  private void sweep(Set<String> nodes) {
    List<String> injected =
        client.pods().inAnyNamespace().list().getItems().stream()
            .filter(pod -> !Cluster.volumes(pod).isEmpty())
            .map(CleanUp::name)
            .toList();
    if (!injected.isEmpty()) {
      throw new AssertionError("the links on the nodes stay, as they are mounted in " + injected);
    }
    Namespace swept =
        new NamespaceBuilder()
            .withNewMetadata()
            .withGenerateName("podproc-e2e-sweep-")
            .addToLabels(Cluster.MADE_HERE, "true")
            .addToLabels("pod-security.kubernetes.io/enforce", "privileged")
            .endMetadata()
            .build();
    String namespace = client.namespaces().resource(swept).create().getMetadata().getName();
    Cluster.await(
        "the namespace has its account",
        client.serviceAccounts().inNamespace(namespace).withName("default"),
        account -> account != null);
    // A daemon may never have been ready because its node is not.
    nodes.forEach(node -> attempt(() -> sweep(namespace, node)));
  }

  private void sweep(String namespace, String node) {
    Pod pod = Cluster.manifest(images, "sweep", Pod.class);
    Nodes.pin(pod, node);
    Pod created = client.pods().inNamespace(namespace).resource(pod).create();
    Cluster.await(
        node + " is swept",
        client.pods().resource(created),
        now -> now != null && List.of("Succeeded", "Failed").contains(now.getStatus().getPhase()));
    if (client.pods().resource(created).get().getStatus().getPhase().equals("Failed")) {
      throw new AssertionError(node + ": " + client.pods().resource(created).getLog());
    }
  }

  private static String name(HasMetadata object) {
    return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
  }
}
