// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A cluster with podproc, installed by its chart. Closed, podproc and all that tests made are gone
 * from it.
 *
 * <p>It is the one of {@code KUBECONFIG}. {@code E2E_POD_IMAGE} is what pods run: any image with
 * free, top, uptime, getconf and sh. {@code E2E_DAEMON_IMAGE} and {@code E2E_WEBHOOK_IMAGE} are
 * podproc's, by default those that the chart names. {@code E2E_NAMESPACE} is where it is installed.
 */
final class Cluster implements AutoCloseable {
  static final String RELEASE = "podproc";
  static final String OPT_IN = "podproc.io/inject=enabled";
  static final String READY = "podproc.io/ready";
  static final Map<String, String> OURS = Map.of("app.kubernetes.io/part-of", "podproc");

  private static final String POD_IMAGE =
      System.getenv().getOrDefault("E2E_POD_IMAGE", "docker.io/library/ubuntu:24.04");

  private final String namespace =
      System.getenv().getOrDefault("E2E_NAMESPACE", "podproc-e2e-system");
  private final Path kubeconfig;
  private final KubernetesClient client;
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final List<String> namespaces = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Gives tests the one cluster that they share. */
  static final class Shared implements BeforeAllCallback, ParameterResolver {
    private static final Namespace STORE = Namespace.create(Shared.class);

    @Override
    public void beforeAll(ExtensionContext context) {
      // Not skipped: nobody runs these but who has a cluster in mind.
      if (System.getenv().getOrDefault("KUBECONFIG", "").isEmpty()) {
        throw new AssertionError("no cluster: KUBECONFIG is not set (e2e/kind.sh makes one)");
      }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Cluster resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(STORE)
          .computeIfAbsent("cluster", key -> installed(), Cluster.class);
    }

    private static Cluster installed() {
      Cluster cluster = new Cluster();
      try {
        cluster.install();
        return cluster;
      } catch (RuntimeException | AssertionError e) {
        cluster.close();
        throw e;
      }
    }
  }

  private Cluster() {
    kubeconfig =
        Path.of(System.getenv().getOrDefault("KUBECONFIG", "").split(File.pathSeparator, 2)[0]);
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
            .withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor("warnings", new Warnings()))
            .build();
    // However the tests end, but for SIGKILL.
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "cluster"));
  }

  /** What {@code kubectl} would show: {@code Warning: 299 - "text"}. */
  private final class Warnings implements Interceptor {
    private static final Pattern TEXT = Pattern.compile("^299 \\S+ \"(.*)\"$");

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<ByteBuffer>> consumer) {
      response
          .headers("Warning")
          .forEach(warning -> warnings.add(TEXT.matcher(warning).replaceFirst("$1")));
    }
  }

  // ---- podproc itself ----

  private void install() {
    List<DaemonSet> others =
        client.apps().daemonSets().inAnyNamespace().withLabels(OURS).list().getItems();
    if (others.stream().anyMatch(other -> !other.getMetadata().getNamespace().equals(namespace))) {
      throw new AssertionError("podproc is installed here already; the suite needs it for itself");
    }
    if (client.namespaces().withName(namespace).get() == null) {
      makeNamespace(
          new ObjectMetaBuilder()
              .withName(namespace)
              .addToLabels("pod-security.kubernetes.io/enforce", "privileged")
              .build());
    }
    try {
      Path values = Files.createTempFile("podproc-values", ".yaml");
      try {
        Files.writeString(values, Serialization.asYaml(values()));
        var _ =
            new Helm(Machine.checkout().resolve("helm/podproc"))
                .upgrade()
                .install()
                .withName(RELEASE)
                .withNamespace(namespace)
                .withKubeConfig(kubeconfig)
                .withValuesFile(values)
                .call();
      } finally {
        Files.delete(values);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    awaitDaemons();
    awaitWebhook();
  }

  private static Map<String, Object> values() {
    Map<String, Object> webhook = new HashMap<>(image("E2E_WEBHOOK_IMAGE"));
    // So short that it is renewed in the midst of the suite, and a lost one within a minute.
    webhook.put("settings", Map.of("certificateValidity", "10m"));
    return Map.of(
        "daemon", image("E2E_DAEMON_IMAGE"),
        "webhook", webhook,
        "tests", Map.of("namespace", "default", "image", parts(POD_IMAGE)));
  }

  private static Map<String, Object> image(String setting) {
    String image = System.getenv().getOrDefault(setting, "");
    return image.isEmpty() ? Map.of() : Map.of("image", parts(image));
  }

  /** "REGISTRY/NAME:TAG", as the chart wants it. */
  private static Map<String, Object> parts(String image) {
    int colon = image.lastIndexOf(':');
    return colon > image.lastIndexOf('/')
        ? Map.of("repository", image.substring(0, colon), "tag", image.substring(colon + 1))
        : Map.of("repository", image, "tag", "latest");
  }

  /** Runs the chart's own test. */
  void helmTest() {
    var _ =
        Helm.test(RELEASE)
            .withNamespace(namespace)
            .withKubeConfig(kubeconfig)
            .withTimeout((int) Machine.deadline(120).toSeconds())
            .call();
  }

  void uninstall() {
    String _ =
        Helm.uninstall(RELEASE)
            .withNamespace(namespace)
            .withKubeConfig(kubeconfig)
            .ignoreNotFound()
            .call();
    awaitGone("podproc's pods", () -> client.pods().inNamespace(namespace).list().getItems());
  }

  /** Each node that shall have a daemon has one that is ready. */
  void awaitDaemons() {
    await(
        "the daemons are ready",
        daemons(),
        set ->
            set.getStatus() != null
                && Objects.equals(
                    set.getMetadata().getGeneration(), set.getStatus().getObservedGeneration())
                && set.getStatus().getDesiredNumberScheduled() > 0
                && Objects.equals(
                    set.getStatus().getDesiredNumberScheduled(), set.getStatus().getNumberReady())
                && Objects.equals(
                    set.getStatus().getDesiredNumberScheduled(),
                    set.getStatus().getUpdatedNumberScheduled()));
  }

  /** Its replicas are ready, and pods that are created are injected. */
  void awaitWebhook() {
    await(
        "the webhook is ready",
        webhook(),
        deployment ->
            deployment.getStatus() != null
                && Objects.equals(
                    deployment.getSpec().getReplicas(), deployment.getStatus().getReadyReplicas()));
    String optedIn = namespace(OPT_IN);
    Command.await(
        "pods are injected",
        Machine.deadline(60),
        () -> !volumes(dryRun(optedIn, "limited")).isEmpty());
  }

  Resource<DaemonSet> daemons() {
    return client.apps().daemonSets().inNamespace(namespace).withName(RELEASE + "-daemon");
  }

  Resource<Deployment> webhook() {
    return client.apps().deployments().inNamespace(namespace).withName(RELEASE + "-webhook");
  }

  /** Where podproc runs. */
  String releaseNamespace() {
    return namespace;
  }

  /** All objects of a kind that belong to podproc, wherever they are. */
  List<GenericKubernetesResource> ours(String apiVersion, String kind) {
    return client
        .genericKubernetesResources(apiVersion, kind)
        .inAnyNamespace()
        .withLabels(OURS)
        .list()
        .getItems();
  }

  // ---- what tests use of the cluster ----

  KubernetesClient client() {
    return client;
  }

  /** Makes a namespace of its own for a test, with labels as {@code a=b}. */
  String namespace(String... labels) {
    String name =
        makeNamespace(
            new ObjectMetaBuilder()
                .withGenerateName("podproc-e2e-")
                .withLabels(
                    Stream.of(labels)
                        .map(label -> label.split("=", 2))
                        .collect(Collectors.toMap(part -> part[0], part -> part[1])))
                .build());
    // No pod is admitted before.
    await(
        "the namespace has its account",
        client.serviceAccounts().inNamespace(name).withName("default"),
        Objects::nonNull);
    return name;
  }

  private String makeNamespace(ObjectMeta metadata) {
    if (closed.get()) {
      throw new IllegalStateException("the suite is being stopped");
    }
    String name =
        client
            .namespaces()
            .resource(new NamespaceBuilder().withMetadata(metadata).build())
            .create()
            .getMetadata()
            .getName();
    namespaces.add(name);
    return name;
  }

  /** A file of {@code src/test/resources/pods}, with the image that pods run. */
  static String manifest(String name) {
    try (InputStream in = Cluster.class.getResourceAsStream("/pods/" + name + ".yaml")) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8)
          .replace("E2E_POD_IMAGE", POD_IMAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Creates what a manifest describes. */
  <T extends HasMetadata> T create(String namespace, String manifest, Class<T> kind) {
    warnings.clear();
    return client
        .resource(Serialization.unmarshal(manifest(manifest), kind))
        .inNamespace(namespace)
        .create();
  }

  /** What a pod would be created as. */
  Pod dryRun(String namespace, String manifest) {
    return client
        .pods()
        .inNamespace(namespace)
        .resource(Serialization.unmarshal(manifest(manifest), Pod.class))
        .dryRun()
        .create();
  }

  /** Creates a pod and waits until all its containers run. */
  RunningPod run(String namespace, String manifest) {
    Pod pod = create(namespace, manifest, Pod.class);
    return new RunningPod(
            pod.getMetadata().getNamespace(), pod.getMetadata().getName(), List.copyOf(warnings))
        .awaitReady();
  }

  /** The only pod of a namespace, as soon as there is one and it runs. */
  RunningPod onlyPod(String namespace) {
    Command.await(
        "there is a pod in " + namespace,
        Machine.deadline(60),
        () -> client.pods().inNamespace(namespace).list().getItems().size() == 1);
    return new RunningPod(
            namespace,
            client
                .pods()
                .inNamespace(namespace)
                .list()
                .getItems()
                .getFirst()
                .getMetadata()
                .getName(),
            List.of())
        .awaitReady();
  }

  /** The volumes of a pod that podproc added. */
  static List<String> volumes(Pod pod) {
    return pod.getSpec().getVolumes().stream()
        .map(Volume::getName)
        .filter(name -> name.startsWith("podproc-"))
        .toList();
  }

  /** The memory of the node that a pod is on, in kB, as its own /proc/meminfo says. */
  long nodeMemory(RunningPod pod) {
    return capacity(pod, "memory") / 1024;
  }

  int nodeCpus(RunningPod pod) {
    return (int) capacity(pod, "cpu");
  }

  private long capacity(RunningPod pod, String resource) {
    Map<String, Quantity> capacity =
        client
            .nodes()
            .withName(pod.get().getSpec().getNodeName())
            .require()
            .getStatus()
            .getCapacity();
    return Objects.requireNonNull(capacity.get(resource), resource)
        .getNumericalAmount()
        .longValueExact();
  }

  /** Waits for an object. */
  <T extends HasMetadata> void await(String what, Resource<T> resource, Predicate<T> condition) {
    try {
      T _ =
          resource.waitUntilCondition(
              condition, Machine.deadline(180).toSeconds(), TimeUnit.SECONDS);
    } catch (KubernetesClientException e) {
      throw new AssertionError(
          "still not so: " + what + "\n" + Serialization.asYaml(resource.get()), e);
    }
  }

  /** Waits until a list is empty. */
  static void awaitGone(String what, Supplier<? extends List<?>> list) {
    Command.await(what + " are gone", Machine.deadline(180), () -> list.get().isEmpty());
  }

  /** A pod of a test whose containers run. It goes with its namespace. */
  final class RunningPod {
    private final String namespace;
    private final String name;
    private final List<String> warnings;

    private RunningPod(String namespace, String name, List<String> warnings) {
      this.namespace = namespace;
      this.name = name;
      this.warnings = warnings;
    }

    private RunningPod awaitReady() {
      Duration deadline = Machine.deadline(180);
      try {
        Pod _ =
            resource()
                .waitUntilCondition(RunningPod::isReady, deadline.toSeconds(), TimeUnit.SECONDS);
      } catch (KubernetesClientException e) {
        String events =
            client.v1().events().inNamespace(namespace).list().getItems().stream()
                .map(event -> event.getReason() + ": " + event.getMessage())
                .collect(Collectors.joining("\n"));
        throw new AssertionError(
            "pod " + name + " does not run after " + deadline + ":\n" + events, e);
      }
      return this;
    }

    private static boolean isReady(Pod pod) {
      return pod != null
          && pod.getStatus().getContainerStatuses().size() == pod.getSpec().getContainers().size()
          && pod.getStatus().getContainerStatuses().stream().allMatch(ContainerStatus::getReady);
    }

    private PodResource resource() {
      return client.pods().inNamespace(namespace).withName(name);
    }

    Pod get() {
      return Objects.requireNonNull(resource().get(), name);
    }

    /** What was said when it was created. */
    List<String> warnings() {
      return warnings;
    }

    List<String> volumes() {
      return Cluster.volumes(get());
    }

    /** Runs a script of sh's in its first container, as {@code kubectl exec} does. */
    Output sh(String script) {
      return exec(get().getSpec().getContainers().getFirst().getName(), "sh", "-c", script);
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
      return Output.kilobytes(sh("cat /proc/meminfo").ok(), "MemTotal");
    }

    /** The files of a container that the daemon serves. */
    Set<String> served(String container) {
      return exec(container, "cat", "/proc/self/mountinfo").lines().stream()
          .filter(line -> line.contains(" - fuse.podproc "))
          .map(line -> line.split(" ", -1)[4])
          .collect(Collectors.toSet());
    }

    Set<String> served() {
      return served(get().getSpec().getContainers().getFirst().getName());
    }

    String log(String container) {
      return resource().inContainer(container).getLog();
    }

    /** Adds a container as {@code kubectl debug} does, and waits until it runs. */
    void debug(String manifest) {
      EphemeralContainer container =
          Serialization.unmarshal(manifest(manifest), EphemeralContainer.class);
      Pod _ =
          resource()
              .ephemeralContainers()
              .edit(pod -> {
                pod.getSpec().getEphemeralContainers().add(container);
                return pod;
              });
      Cluster.this.await(
          "the debug container runs",
          resource(),
          pod ->
              pod.getStatus().getEphemeralContainerStatuses().stream()
                  .anyMatch(status -> status.getState().getRunning() != null));
    }

    /** Sets the memory limit of its first container while it runs. */
    void resizeMemory(String limit) {
      Pod pod = get();
      pod.getSpec()
          .getContainers()
          .getFirst()
          .getResources()
          .getLimits()
          .put("memory", new Quantity(limit));
      pod.getSpec()
          .getContainers()
          .getFirst()
          .getResources()
          .getRequests()
          .put("memory", new Quantity(limit));
      Pod _ = resource().subresource("resize").patch(pod);
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try (client) {
      uninstall();
      for (Node node : client.nodes().withLabel(READY).list().getItems()) {
        var _ =
            client
                .nodes()
                .resource(node)
                .edit(labelled -> {
                  labelled.getMetadata().getLabels().remove(READY);
                  return labelled;
                });
      }
      namespaces.forEach(name -> client.namespaces().withName(name).delete());
      awaitGone(
          "the namespaces of the tests",
          () ->
              namespaces.stream()
                  .filter(name -> client.namespaces().withName(name).get() != null)
                  .toList());
    }
  }
}
