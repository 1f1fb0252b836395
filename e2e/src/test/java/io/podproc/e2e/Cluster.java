// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The cluster of {@code KUBECONFIG}, with podproc installed by its chart. Closed, podproc and all
 * that tests made are gone from it. {@code e2e/kind.sh --help} lists the settings.
 */
final class Cluster implements AutoCloseable {
  static final String OPT_IN = "podproc.io/inject=enabled";

  /** Of a namespace that admits no hostPath: what its pods have, their nodes have brought. */
  static final String BASELINE = "pod-security.kubernetes.io/enforce=baseline";

  static final String READY = "podproc.io/ready";

  /** MemTotal of what the manifest {@code limited} describes, in kB. */
  static final long LIMITED = 96 * 1024;

  /** What all that the suite makes is known by, also that of a run that was killed. */
  static final String MADE_HERE = "podproc.io/e2e";

  private static final Map<String, String> ENVIRONMENT = System.getenv();

  private final Images images = new Images(ENVIRONMENT);
  private final String namespace = ENVIRONMENT.getOrDefault("E2E_NAMESPACE", "podproc-e2e-system");
  private final KubernetesClient client;
  private final Podproc podproc;
  private final CleanUp cleanUp;
  private final List<String> warnings = new CopyOnWriteArrayList<>();

  /**
   * Where the chart's own test runs: not where podproc is, as that is never injected. Not of one
   * test, as a release outlives the test that installed it.
   */
  private @Nullable String chartTests;

  /** Gives tests the one cluster that they share, with podproc as it was installed. */
  static final class Shared
      implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final Namespace STORE = Namespace.create(Shared.class);

    @Override
    public void beforeAll(ExtensionContext context) {
      // Not skipped: nobody runs these but who has a cluster in mind.
      if (ENVIRONMENT.getOrDefault("KUBECONFIG", "").isEmpty()) {
        throw new AssertionError("no cluster: KUBECONFIG is not set (e2e/kind.sh makes one)");
      }
    }

    /** What a test did is not to be blamed on the next. */
    @Override
    public void beforeEach(ExtensionContext context) {
      cluster(context).podproc().awaitReady();
    }

    /** Also where podproc could not be installed. */
    @Override
    public void afterEach(ExtensionContext context) {
      once(context).cluster.cleanUp.endTest();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Cluster resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return cluster(context);
    }

    /** Installed once: what fails for the first test does so for all, without waiting again. */
    private static Cluster cluster(ExtensionContext context) {
      return once(context).cluster();
    }

    private static Once once(ExtensionContext context) {
      return context
          .getRoot()
          .getStore(STORE)
          .computeIfAbsent("cluster", key -> new Shared.Once(), Once.class);
    }

    private static final class Once implements AutoCloseable {
      private final Cluster cluster =
          new Cluster(
              Path.of(ENVIRONMENT.getOrDefault("KUBECONFIG", "").split(File.pathSeparator, 2)[0]));
      private @Nullable Throwable failure;

      Once() {
        try {
          cluster.install();
        } catch (RuntimeException | AssertionError e) {
          failure = e;
        }
      }

      Cluster cluster() {
        if (failure != null) {
          throw new AssertionError(
              "podproc could not be installed: " + failure.getMessage(), failure);
        }
        return cluster;
      }

      @Override
      public void close() {
        cluster.close();
      }
    }
  }

  private Cluster(Path kubeconfig) {
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
            .withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor("warnings", new Warnings()))
            .build();
    podproc = new Podproc(client, new Release(kubeconfig, namespace), namespace);
    cleanUp = new CleanUp(client, podproc, images);
    // However the tests end, but for SIGKILL. A signal in the midst of an upgrade is Helm's: it is
    // Maven that, when it is told to stop as well, then has this process exit.
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "cluster"));
  }

  /** What {@code kubectl} would show of podproc's: {@code Warning: 299 - "podproc: text"}. */
  private final class Warnings implements Interceptor {
    private static final Pattern OURS = Pattern.compile("^299 \\S+ \"(podproc: .*)\"$");

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<ByteBuffer>> consumer) {
      response.headers("Warning").stream()
          .map(OURS::matcher)
          .filter(warning -> warning.matches())
          .forEach(warning -> warnings.add(warning.group(1)));
    }
  }

  // ---- podproc itself ----

  private void install() {
    podproc.refuseIfAnybodyElses();
    cleanUp.begin();
    if (client.namespaces().withName(namespace).get() == null) {
      cleanUp.make(namespace(Map.of()).editMetadata().withName(namespace).endMetadata());
    }
    installThis();
  }

  /** Installs podproc as it is in this checkout, or upgrades to it. */
  void installThis() {
    install(Machine.checkout().resolve("helm/podproc"), values("E2E_"));
  }

  /** Upgrades to it without the webhook: the nodes bring the files, and nothing else is there. */
  void installWithoutWebhook() {
    Map<String, Object> values = new HashMap<>(values("E2E_"));
    values.put("webhook", Map.of("enabled", false));
    podproc.install(Machine.checkout().resolve("helm/podproc"), values);
  }

  /**
   * Installs the last release, by its chart.
   *
   * @param chart a directory, or an archive
   */
  void installLast(Path chart) {
    install(chart, values("E2E_LAST_"));
  }

  private void install(Path chart, Map<String, Object> values) {
    podproc.install(chart, values);
    awaitInjection();
  }

  private Map<String, Object> values(String prefix) {
    if (chartTests == null) {
      chartTests = make(Map.of(), cleanUp::make);
    }
    return values(images, chartTests, prefix);
  }

  /** Those of the chart. */
  static Map<String, Object> values(Images images, String tests, String prefix) {
    Map<String, Object> webhook = new HashMap<>();
    webhook.put("image", images.ofChart(prefix + "WEBHOOK_IMAGE"));
    // So short that it is renewed in the midst of the suite, and a lost one within a minute.
    webhook.put("settings", Map.of("certificateValidity", "10m", "userNamespaces", true));
    return Map.of(
        "daemon", Map.of("image", images.ofChart(prefix + "DAEMON_IMAGE")),
        "webhook", webhook,
        "tests", Map.of("namespace", tests, "image", images.ofTests()));
  }

  Podproc podproc() {
    return podproc;
  }

  Images images() {
    return images;
  }

  /** Pods that are created are injected. */
  void awaitInjection() {
    String optedIn = namespace(OPT_IN);
    Command.await(
        "pods are injected",
        Machine.deadline(60),
        () -> !volumes(dryRun(optedIn, "limited")).isEmpty());
  }

  // ---- what tests use of the cluster ----

  KubernetesClient client() {
    return client;
  }

  /** Makes a namespace of its own for a test, with which it goes, with labels as {@code a=b}. */
  String namespace(String... labels) {
    Map<String, String> named = new HashMap<>();
    Stream.of(labels)
        .map(label -> label.split("=", 2))
        .forEach(part -> named.put(part[0], part[1]));
    return make(named, cleanUp::makeForTest);
  }

  private String make(Map<String, String> labels, Function<NamespaceBuilder, String> maker) {
    String name =
        maker.apply(
            namespace(labels).editMetadata().withGenerateName("podproc-e2e-").endMetadata());
    // No pod is admitted before.
    await(
        "the namespace has its account",
        client.serviceAccounts().inNamespace(name).withName("default"),
        Objects::nonNull);
    // The volume of a token has it: the kubelet would try again later, and that would be measured.
    await(
        "the namespace has the cluster's CA",
        client.configMaps().inNamespace(name).withName("kube-root-ca.crt"),
        Objects::nonNull);
    return name;
  }

  /** One that admits hostPath whatever the cluster's default is, if its labels don't forbid it. */
  private static NamespaceBuilder namespace(Map<String, String> labels) {
    String level = "pod-security.kubernetes.io/";
    return new NamespaceBuilder()
        .withNewMetadata()
        .addToLabels(MADE_HERE, "true")
        .addToLabels(level + "enforce", "privileged")
        .addToLabels(level + "warn", "privileged")
        .addToLabels(labels)
        .endMetadata();
  }

  /** A file of {@code src/test/resources/pods}, with the image that pods run. */
  static <T> T manifest(Images images, String name, Class<T> kind) {
    try (InputStream in = Cluster.class.getResourceAsStream("/pods/" + name + ".yaml")) {
      String text =
          new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
      return Serialization.unmarshal(images.in(text), kind);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Pod pod(String manifest) {
    return manifest(images, manifest, Pod.class);
  }

  /** Creates what a manifest describes. */
  <T extends HasMetadata> T create(String namespace, String manifest, Class<T> kind) {
    return client.resource(manifest(images, manifest, kind)).inNamespace(namespace).create();
  }

  /** What a pod would be created as. */
  Pod dryRun(String namespace, String manifest) {
    return client.pods().inNamespace(namespace).resource(pod(manifest)).dryRun().create();
  }

  /** Creates a pod and waits until all its containers run. */
  RunningPod run(String namespace, String manifest) {
    return run(namespace, manifest, pod -> {});
  }

  /** As {@link #run(String, String)}, on a node, whatever keeps other pods away from it. */
  RunningPod runOn(String node, String namespace, String manifest) {
    return run(namespace, manifest, pod -> Nodes.pin(pod, node));
  }

  private RunningPod run(String namespace, String manifest, Consumer<Pod> change) {
    Pod pod = pod(manifest);
    change.accept(pod);
    warnings.clear();
    Pod created = client.pods().inNamespace(namespace).resource(pod).create();
    return new RunningPod(client, created, List.copyOf(warnings)).awaitReady();
  }

  /** Adds a container to a pod, as {@code kubectl debug} does. */
  void debug(RunningPod pod, String manifest) {
    pod.debug(manifest(images, manifest, EphemeralContainer.class));
  }

  /** The only pod of a namespace, as soon as there is one and it runs. */
  RunningPod onlyPod(String namespace) {
    Supplier<List<Pod>> pods = () -> client.pods().inNamespace(namespace).list().getItems();
    Command.await(
        "there is a pod in " + namespace, Machine.deadline(60), () -> pods.get().size() == 1);
    return new RunningPod(client, pods.get().getFirst(), List.of()).awaitReady();
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
        client.nodes().withName(pod.node()).require().getStatus().getCapacity();
    return Objects.requireNonNull(capacity.get(resource), resource)
        .getNumericalAmount()
        .longValueExact();
  }

  /** All objects of a kind that belong to podproc, wherever they are. */
  List<GenericKubernetesResource> ours(String apiVersion, String kind) {
    return client
        .genericKubernetesResources(apiVersion, kind)
        .inAnyNamespace()
        .withLabels(Podproc.LABELS)
        .list()
        .getItems();
  }

  /** Waits until of the tests before this one no pod takes any room. */
  void awaitEndedTests() {
    awaitGone(
        "the pods of tests that have ended",
        () ->
            client.pods().inAnyNamespace().list().getItems().stream()
                .filter(pod -> cleanUp.isOfEndedTest(pod.getMetadata().getNamespace()))
                .toList());
  }

  /** Waits for an object. */
  static <T extends HasMetadata> void await(
      String what, Resource<T> resource, Predicate<T> condition) {
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

  @Override
  public void close() {
    cleanUp.close();
  }
}
