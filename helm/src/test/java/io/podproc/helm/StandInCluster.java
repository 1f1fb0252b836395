// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a reader of the READMEs has: a cluster that keeps objects and refuses those that Kubernetes
 * would refuse, with a namespace, a Deployment and its pod of the reader's own, and a registry that
 * has the images of the build, or what was pushed there. Nothing runs in it.
 *
 * <p>What is refused is an {@link IllegalArgumentException} with the reason.
 */
final class StandInCluster {
  /** The READMEs' own, that nodes reach. */
  static final String REGISTRY = "registry.example.com/podproc";

  private static final String READERS =
      """
      {apiVersion: v1, kind: Namespace, metadata: {name: default}}
      ---
      {apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
      ---
      {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
      ---
      {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}
      ---
      {apiVersion: v1, kind: Pod, metadata: {name: web-7d4f9c, namespace: shop}}
      ---
      {apiVersion: v1, kind: Node, metadata: {name: node-1}}
      ---
      # What stands for a name of the reader's
      {apiVersion: v1, kind: Namespace, metadata: {name: NAMESPACE}}
      ---
      {apiVersion: v1, kind: Node, metadata: {name: NODE}}
      """;

  /** A pod, as the webhook's own tests have it injected. */
  private static final String INJECTED =
      Settings.text(Settings.WEBHOOK.resolve("src/test/resources/pods/bare-pod/expected.yaml"));

  private static final Pattern NAME = Pattern.compile("podproc\\.io/[a-z-]*[a-z]");
  static final String INJECT = "podproc.io/inject";
  private static final String POD_SECURITY = "pod-security.kubernetes.io/enforce";

  private final Map<String, KubernetesObject> objects = new TreeMap<>();
  private final Map<String, Release> releases = new TreeMap<>();
  private final Set<String> images = new TreeSet<>();

  /** The labels that are known, and the values that anything comes of; none: not the reader's. */
  private final Map<String, Set<String>> labels = new TreeMap<>();

  /**
   * What Helm keeps of an installation.
   *
   * @param values as given
   * @param hook the pod of its test
   */
  record Release(String namespace, ObjectNode values, Set<String> ids, KubernetesObject hook) {}

  StandInCluster() {
    Chart.objects(READERS).forEach(object -> objects.put(object.id(), object));
    for (String namespace : List.of("default", "NAMESPACE")) {
      ObjectNode pod = Yaml.documents(INJECTED).getFirst().path("pod").deepCopy();
      ((ObjectNode) pod.path("metadata")).put("name", "POD").put("namespace", namespace);
      put(new KubernetesObject(pod));
    }
    images.addAll(ImageBuild.list("--prefix", REGISTRY));
    images.add(Chart.image(Chart.values().at("/tests/image")));
    for (KubernetesObject object : Chart.render(Chart.DEFAULTS)) {
      NAME.matcher(object.json().toString())
          .results()
          .forEach(name -> labels.put(name.group(), new TreeSet<>()));
    }
    for (KubernetesObject object : Chart.render(Chart.DEFAULTS)) {
      for (JsonNode rule :
          object.json().findValues("matchExpressions").stream()
              .flatMap(rules -> rules.valueStream())
              .toList()) {
        Optional.ofNullable(labels.get(rule.path("key").asText()))
            .ifPresent(values ->
                rule.path("values").valueStream().map(JsonNode::asText).forEach(values::add));
      }
    }
    labels.put(POD_SECURITY, Set.of("privileged", "baseline", "restricted"));
  }

  private StandInCluster(StandInCluster other) {
    objects.putAll(other.objects);
    releases.putAll(other.releases);
    images.addAll(other.images);
    labels.putAll(other.labels);
  }

  private void put(KubernetesObject object) {
    objects.put(object.id(), object);
  }

  // ---- objects ----

  /** The object of that kind and name. */
  KubernetesObject get(String kind, String namespace, String name) {
    String where = kind.equals("Namespace") || kind.equals("Node") ? "" : namespace;
    return Stream.of(where, "")
        .distinct()
        .flatMap(place ->
            objects.values().stream()
                .filter(o -> o.kind().equals(kind) && o.name().equals(name))
                .filter(o -> o.namespace().equals(place)))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                kind + " \"" + name + "\" not found in namespace " + namespace));
  }

  /** As {@code kubectl get} does: what makes pods stands for them. */
  List<KubernetesObject> list(String kind, String namespace) {
    KubernetesObject _ = get("Namespace", "", namespace);
    return objects.values().stream()
        .filter(o -> kind.equals("Pod") ? o.podSpec().isPresent() : o.kind().equals(kind))
        .filter(o -> Set.of("", namespace).contains(o.namespace()))
        .toList();
  }

  List<KubernetesObject> all(String kind) {
    return objects.values().stream().filter(object -> object.kind().equals(kind)).toList();
  }

  /** As {@code kubectl apply} does, and then as nodes do that pull images. */
  void apply(List<KubernetesObject> applied) {
    for (KubernetesObject object : applied) {
      StrictSchema.problem(object.json())
          .ifPresent(problem -> {
            throw new IllegalArgumentException(object.id() + ": " + problem);
          });
      if (!object.namespace().isEmpty()) {
        KubernetesObject _ = get("Namespace", "", object.namespace());
      }
      pull(object);
      put(object);
    }
  }

  private void pull(KubernetesObject object) {
    for (String image : Chart.images(List.of(object))) {
      if (!images.contains(image)) {
        throw new IllegalArgumentException(
            object.id() + ": ErrImagePull: " + image + ", there are only " + images);
      }
    }
  }

  /** Takes the build's images from the registry, for a reader who is told to build them. */
  void emptyRegistry() {
    images.removeIf(image -> image.startsWith(REGISTRY));
  }

  void push(List<String> names) {
    images.addAll(names);
  }

  void delete(KubernetesObject object) {
    if (objects.remove(object.id()) == null) {
      throw new IllegalArgumentException(object.id() + " not found");
    }
  }

  void createNamespace(String name) {
    put(
        new KubernetesObject(
            Yaml.documents("{kind: Namespace, metadata: {name: " + name + "}}").getFirst()));
  }

  /**
   * Looks at a change of a label.
   *
   * @param change as {@code name=value} or {@code name-}
   */
  void label(String change) {
    String[] words = change.split("=", 2);
    boolean removes = words.length == 1 && change.endsWith("-");
    Set<String> values = known(removes ? change.substring(0, change.length() - 1) : words[0]);
    if (!removes && (words.length == 1 || !values.contains(words[1]))) {
      throw new IllegalArgumentException(change + ": nothing asks for it, but for " + values);
    }
  }

  /** Changes a label of an object. */
  void label(KubernetesObject object, String change, boolean overwrite) {
    label(change);
    ObjectNode changed = object.json().deepCopy();
    ObjectNode labels = changed.withObject("/metadata/labels");
    String[] words = change.split("=", 2);
    if (words.length == 1) {
      if (labels.remove(change.substring(0, change.length() - 1)) == null) {
        throw new IllegalArgumentException(object + " has no label to remove: " + change);
      }
    } else {
      String before = labels.path(words[0]).asText(words[1]);
      if (!overwrite && !before.equals(words[1])) {
        throw new IllegalArgumentException(object + " already has a value: " + before);
      }
      labels.put(words[0], words[1]);
    }
    put(new KubernetesObject(changed));
  }

  /** Whether the pods of a namespace see themselves; else they show the node. */
  boolean isInjected(String namespace) {
    return get("Namespace", "", namespace)
        .json()
        .at("/metadata/labels")
        .path(INJECT)
        .asText()
        .equals("enabled");
  }

  /** The values that a label is asked for. */
  Set<String> known(String label) {
    return Optional.ofNullable(labels.get(label))
        .orElseThrow(() -> new IllegalArgumentException("nothing knows the label " + label));
  }

  // ---- releases ----

  /** Renders the chart and applies it, but for the tests. */
  void install(String name, String namespace, ObjectNode values) {
    KubernetesObject _ = get("Namespace", "", namespace);
    List<KubernetesObject> rendered = Chart.objects(Chart.text(name, values, namespace));
    Map<Boolean, List<KubernetesObject>> parts =
        rendered.stream().collect(Collectors.partitioningBy(o -> o.kind().equals("Pod")));
    List<KubernetesObject> installed = Optional.ofNullable(parts.get(false)).orElse(List.of());
    apply(installed);
    releases.put(
        name,
        new Release(
            namespace,
            values,
            installed.stream().map(KubernetesObject::id).collect(Collectors.toSet()),
            KubernetesObject.only(rendered, "Pod")));
  }

  Release release(String name, String namespace) {
    return Optional.ofNullable(releases.get(name))
        .filter(release -> release.namespace.equals(namespace))
        .orElseThrow(
            () -> new IllegalArgumentException("release " + name + " not found in " + namespace));
  }

  boolean hasRelease(String name) {
    return releases.containsKey(name);
  }

  void uninstall(String name, String namespace) {
    objects.keySet().removeAll(release(name, namespace).ids);
    releases.remove(name);
  }

  /** Starts a release's test, which fails: its pod stays. */
  void test(String name, String namespace) {
    KubernetesObject hook = release(name, namespace).hook;
    pull(hook);
    put(hook);
  }

  private static final StandInCluster INSTALLED = install();

  /** One on which podproc is installed and serves namespaces, and its test has failed. */
  static StandInCluster installed() {
    return new StandInCluster(INSTALLED);
  }

  private static StandInCluster install() {
    StandInCluster cluster = new StandInCluster();
    cluster.createNamespace("podproc");
    cluster.install("podproc", "podproc", HelmProgram.values(List.of(HelmProgram.IMAGES)));
    cluster.test("podproc", "podproc");
    KubernetesObject daemon = cluster.get("DaemonSet", "podproc", "podproc-daemon");
    ObjectNode pod = daemon.json().path("spec").path("template").deepCopy();
    pod.put("kind", "Pod").withObject("/metadata").put("name", "POD").put("namespace", "podproc");
    cluster.put(new KubernetesObject(pod));
    for (String namespace : List.of("shop", "NAMESPACE")) {
      cluster.label(cluster.get("Namespace", "", namespace), INJECT + "=enabled", false);
    }
    return cluster;
  }
}
