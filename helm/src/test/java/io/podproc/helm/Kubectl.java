// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** kubectl, as far as our documents use it: what it does not know here, they may not use. */
@Command(name = "kubectl")
final class Kubectl {
  private static final Map<String, Set<String>> KINDS =
      Map.of(
          "Namespace", Set.of("namespace", "namespaces", "ns"),
          "Node", Set.of("node", "nodes", "no"),
          "Pod", Set.of("pod", "pods", "po"),
          "Deployment", Set.of("deployment", "deployments", "deploy"),
          "DaemonSet", Set.of("daemonset", "daemonsets", "ds"),
          "MutatingWebhookConfiguration",
              Set.of("mutatingwebhookconfiguration", "mutatingwebhookconfigurations"));

  private final StandInCluster cluster;
  private final Path folder;
  private final String input;

  @Option(
      names = {"-n", "--namespace"},
      scope = ScopeType.INHERIT)
  private String namespace = "default";

  /**
   * @param folder where files are named from
   * @param input what it reads
   */
  Kubectl(StandInCluster cluster, Path folder, String input) {
    this.cluster = cluster;
    this.folder = folder;
    this.input = input;
  }

  private static String kind(String word) {
    return KINDS.entrySet().stream()
        .filter(entry -> entry.getValue().contains(word))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such resource type: " + word));
  }

  /** Of "TYPE NAME", "TYPE/NAME", or the name of a pod. */
  private KubernetesObject object(List<String> words) {
    String[] parts =
        words.size() == 1 ? words.getFirst().split("/", -1) : words.toArray(String[]::new);
    if (parts.length == 1) {
      return cluster.get("Pod", namespace, parts[0]);
    }
    if (parts.length != 2) {
      throw new IllegalArgumentException("not TYPE/NAME: " + words);
    }
    return cluster.get(kind(parts[0]), namespace, parts[1]);
  }

  private List<KubernetesObject> manifest(String file) {
    if (file.equals("-")) {
      return Chart.objects(input);
    }
    if (!Files.isRegularFile(folder.resolve(file))) {
      throw new IllegalArgumentException("no such file: " + file);
    }
    return Chart.objects(Settings.text(folder.resolve(file)));
  }

  @Command
  String apply(@Option(names = "-f", required = true) String file) {
    cluster.apply(manifest(file));
    return "";
  }

  @Command
  String create(@Parameters(arity = "2") List<String> words) {
    if (!kind(words.getFirst()).equals("Namespace")) {
      throw new IllegalArgumentException("create " + words.getFirst());
    }
    cluster.createNamespace(words.get(1));
    return "";
  }

  @Command
  String delete(
      @Option(names = "-f", defaultValue = "") String file,
      @Option(names = "--cascade", defaultValue = "background") String cascade,
      @Option(names = "--ignore-not-found") boolean ignoreNotFound,
      @Parameters(arity = "0..*") List<String> words) {
    if (!Set.of("background", "foreground", "orphan").contains(cascade)) {
      throw new IllegalArgumentException("--cascade=" + cascade);
    }
    if (file.isEmpty()) {
      cluster.delete(object(words));
    } else {
      List<KubernetesObject> named = manifest(file);
      List<KubernetesObject> there =
          named.stream()
              .filter(object ->
                  cluster.all(object.kind()).stream().anyMatch(o -> o.id().equals(object.id())))
              .toList();
      there.forEach(cluster::delete);
      if (there.isEmpty() || (there.size() < named.size() && !ignoreNotFound)) {
        throw new IllegalArgumentException("not all of " + file + " is there (NotFound)");
      }
    }
    return "";
  }

  private static final Set<String> ASKED = Set.of("explain", "ps", "doctor");

  @Command
  String exec(
      @Option(names = "-c", defaultValue = "") String container,
      @Parameters(arity = "1..*") List<String> words) {
    KubernetesObject object = object(List.of(words.getFirst()));
    if (!container.isEmpty()
        && object
            .podSpec()
            .orElseThrow()
            .path("containers")
            .valueStream()
            .noneMatch(each -> each.path("name").asText().equals(container))) {
      throw new IllegalArgumentException(container + " is no container of " + object.id());
    }
    if (words.size() == 1) {
      throw new IllegalArgumentException("you must specify at least one command");
    }
    List<String> command = new ArrayList<>(words.subList(1, words.size()));
    if (Settings.text(Readme.ROOT.resolve("deploy/images/daemon/Dockerfile"))
        .contains("COPY ${CLIENT} " + command.getFirst() + "\n")) {
      if (!container.equals("daemon") || command.size() < 2 || !ASKED.contains(command.get(1))) {
        throw new IllegalArgumentException("not asked of the daemon: " + words);
      }
      return "";
    }
    if (command.getFirst().equals("sh")) {
      command.add(1, "-e"); // a reader sees it when one command of several fails
    }
    String said = Subprocess.run(command);
    if (!cluster.isInjected(namespace)) {
      throw new IllegalArgumentException("the pods of " + namespace + " show the node");
    }
    return said;
  }

  @Command
  String get(
      @Option(names = "-L", defaultValue = "") String column,
      @Option(names = "-o", defaultValue = "") String output,
      @Option(names = "-l", defaultValue = "") String selector,
      @Parameters(arity = "1..2") List<String> words) {
    if (!column.isEmpty()) {
      Set<String> _ = cluster.known(column);
    }
    if (!Set.of("", "yaml", "wide").contains(output)) {
      throw new IllegalArgumentException("-o " + output);
    }
    List<KubernetesObject> found = new ArrayList<>();
    if (words.size() == 2) {
      found.add(object(words));
    } else {
      Arrays.stream(words.getFirst().split(",", -1))
          .forEach(type -> found.addAll(cluster.list(kind(type), namespace)));
    }
    String[] label = selector.split("=", 2);
    found.removeIf(object ->
        !selector.isEmpty()
            && Stream.of(object.podLabels(), object.json().at("/metadata/labels"))
                .noneMatch(labels -> labels.path(label[0]).asText().equals(label[1])));
    if (found.isEmpty()) {
      throw new IllegalArgumentException("No resources found in " + namespace + " namespace.");
    }
    StringBuilder text = new StringBuilder();
    found.forEach(object ->
        text.append(output.equals("yaml") ? object.json().toPrettyString() : object.id())
            .append('\n'));
    return text.toString();
  }

  @Command
  String label(
      @Option(names = "--all") boolean all,
      @Option(names = "--overwrite") boolean overwrite,
      @Option(names = "-l", defaultValue = "") String selector,
      @Parameters(arity = "1..*") List<String> words) {
    String kind = kind(words.getFirst());
    boolean named = selector.isEmpty() && !all;
    int changes = named ? 2 : 1;
    if (!selector.isEmpty()) {
      Set<String> _ = cluster.known(selector.split("=", 2)[0]);
    }
    if (words.size() <= changes) {
      throw new IllegalArgumentException("at least one label update is required");
    }
    for (String change : words.subList(changes, words.size())) {
      if (named) {
        cluster.label(cluster.get(kind, namespace, words.get(1)), change, overwrite);
      } else {
        cluster.label(change);
      }
    }
    return "";
  }

  /** The plugin manager's. */
  @Command
  String krew(
      @Option(names = "--manifest", required = true) String manifest,
      @Option(names = "--archive", required = true) String archive,
      @Parameters(index = "0") String word) {
    if (!word.equals("install")) {
      throw new IllegalArgumentException("krew " + word);
    }
    List.of(manifest, archive).forEach(Programs::checkIsOfRelease);
    return "";
  }

  @Command
  String logs(@Parameters(arity = "1") String name) {
    return object(List.of(name)).id();
  }

  @Command(name = "rollout")
  String rollout(@Parameters(arity = "1..*") List<String> words) {
    if (!words.getFirst().equals("restart")) {
      throw new IllegalArgumentException("rollout " + words.getFirst());
    }
    return object(words.subList(1, words.size())).id();
  }
}
