// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** A pod of a test whose containers run. It goes with its namespace. */
final class RunningPod {
  private final KubernetesClient client;
  private final String namespace;
  private final String name;
  private final List<String> warnings;

  RunningPod(KubernetesClient client, Pod pod, List<String> warnings) {
    this.client = client;
    namespace = pod.getMetadata().getNamespace();
    name = pod.getMetadata().getName();
    this.warnings = warnings;
  }

  RunningPod awaitReady() {
    Duration deadline = Machine.deadline(180);
    try {
      Pod _ =
          resource()
              .waitUntilCondition(RunningPod::isReady, deadline.toSeconds(), TimeUnit.SECONDS);
    } catch (KubernetesClientException e) {
      String events =
          client.v1().events().inNamespace(namespace).list().getItems().stream()
              .filter(event -> name.equals(event.getInvolvedObject().getName()))
              .map(event -> event.getReason() + ": " + event.getMessage())
              .collect(Collectors.joining("\n"));
      throw new AssertionError(
          "pod " + name + " does not run after " + deadline + ":\n" + events, e);
    }
    return this;
  }

  /** Whether all its containers are. */
  static boolean isReady(Pod pod) {
    return pod != null
        && pod.getStatus().getContainerStatuses().size() == pod.getSpec().getContainers().size()
        && pod.getStatus().getContainerStatuses().stream().allMatch(ContainerStatus::getReady);
  }

  PodResource resource() {
    return client.pods().inNamespace(namespace).withName(name);
  }

  Pod get() {
    return Objects.requireNonNull(resource().get(), name);
  }

  String node() {
    return get().getSpec().getNodeName();
  }

  /** What podproc said when it was created. */
  List<String> warnings() {
    return warnings;
  }

  List<String> volumes() {
    return Cluster.volumes(get());
  }

  private Container first() {
    return get().getSpec().getContainers().getFirst();
  }

  /** Runs a script of sh's in its first container, as {@code kubectl exec} does. */
  Output sh(String script) {
    return exec(first().getName(), "sh", "-c", script);
  }

  Output exec(String container, String... command) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (ExecWatch watch =
        resource().inContainer(container).writingOutput(said).writingError(said).exec(command)) {
      int status = watch.exitCode().get(Machine.deadline(60).toSeconds(), TimeUnit.SECONDS);
      return new Output(status, said.toString(StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(
          "in " + name + " " + String.join(" ", command) + " did not end: " + said, e);
    }
  }

  /** MemTotal of a container, in kB. */
  long memory(String container) {
    return Output.kilobytes(exec(container, "cat", "/proc/meminfo").ok(), "MemTotal");
  }

  /** MemTotal of its first container, in kB. */
  long memory() {
    return memory(first().getName());
  }

  /** The files of a container that the daemon serves. */
  Set<String> served(String container) {
    return exec(container, "cat", "/proc/self/mountinfo").lines().stream()
        .filter(line -> line.contains(" - fuse.podproc "))
        .map(line -> line.split(" ", -1)[4])
        .collect(Collectors.toSet());
  }

  Set<String> served() {
    return served(first().getName());
  }

  String log(String container) {
    return resource().inContainer(container).getLog();
  }

  /** Adds a container as {@code kubectl debug} does, and waits until it runs. */
  void debug(EphemeralContainer container) {
    Pod _ =
        resource()
            .ephemeralContainers()
            .edit(pod -> {
              pod.getSpec().getEphemeralContainers().add(container);
              return pod;
            });
    Cluster.await(
        "the debug container runs",
        resource(),
        pod ->
            pod.getStatus().getEphemeralContainerStatuses().stream()
                .anyMatch(status -> status.getState().getRunning() != null));
  }

  /**
   * Sets limits of its first container while it runs, and waits until the kubelet says that they
   * are in force. Returns when they were asked for, as {@link System#nanoTime} says.
   */
  long resize(Map<String, Quantity> limits) {
    Pod pod = get();
    Container container = pod.getSpec().getContainers().getFirst();
    container.getResources().getLimits().putAll(limits);
    long asked = System.nanoTime();
    Pod _ = resource().subresource("resize").patch(pod);
    Cluster.await(
        "it is resized",
        resource(),
        now ->
            now.getStatus().getContainerStatuses().stream()
                .filter(status -> status.getName().equals(container.getName()))
                .map(ContainerStatus::getResources)
                .anyMatch(resources ->
                    resources != null
                        && resources.getLimits().entrySet().containsAll(limits.entrySet())));
    return asked;
  }
}
