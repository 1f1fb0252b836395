// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The chart, as Helm renders it: release podproc, in a namespace of its own. */
final class Chart {
  static final Path DIRECTORY = Path.of("podproc");
  static final Path VALUES = DIRECTORY.resolve("values.yaml");
  static final Path DEFAULTS = DIRECTORY.resolve("ci/default-values.yaml");
  static final String NAMESPACE = "podproc-system";

  /** The oldest that kubeVersion admits, and the newest there is. */
  static final List<String> KUBERNETES = List.of("1.30.0", "1.36.0");

  /** Helm as a library leaves hooks out of what it renders: here they are none. */
  private static final Path WITHOUT_HOOKS = copy(Path.of("target/chart"));

  private Chart() {}

  /** Removes a directory with all that is in it, if there is one. */
  static void remove(Path directory) {
    try (Stream<Path> old = Files.exists(directory) ? Files.walk(directory) : Stream.empty()) {
      for (Path file : old.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies the chart into a directory; an earlier copy there goes. */
  static Path copy(Path directory) {
    remove(directory);
    try (Stream<Path> files = Files.walk(DIRECTORY)) {
      for (Path file : files.toList()) {
        Path to = directory.resolve(file.toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else if (file.startsWith(DIRECTORY.resolve("templates/tests"))) {
          Files.writeString(to, Files.readString(file).replace("helm.sh/hook\"", "hook\""));
        } else {
          Files.copy(file, to);
        }
      }
      return directory.resolve(DIRECTORY);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The values that are promised to work. */
  static List<Path> ci() {
    try (Stream<Path> files = Files.list(DIRECTORY.resolve("ci"))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Renders with the values of a file over the defaults. */
  static List<KubernetesObject> render(Path values) {
    return render(values, KUBERNETES.getLast());
  }

  static List<KubernetesObject> render(Path values, String kubernetes) {
    return objects(text(values, NAMESPACE, kubernetes));
  }

  static String text(Path values, String namespace, String kubernetes) {
    return text("podproc", values, namespace, kubernetes);
  }

  static String text(String release, Path values, String namespace, String kubernetes) {
    return new Helm(WITHOUT_HOOKS)
        .template()
        .withName(release)
        .withNamespace(namespace)
        .withKubeVersion(kubernetes)
        .withValuesFile(values)
        .call();
  }

  /** Renders with values over the defaults, for the newest Kubernetes. */
  static String text(String release, JsonNode values, String namespace) {
    try {
      Path file = Files.createTempFile("podproc-values", ".yaml");
      try {
        Files.writeString(file, values.toString());
        return text(release, file, namespace, KUBERNETES.getLast());
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<KubernetesObject> objects(String text) {
    return Yaml.documents(text).stream().map(KubernetesObject::new).toList();
  }

  static JsonNode values() {
    return Yaml.read(VALUES);
  }

  /** The images of all containers, hooks and test among them. */
  static Set<String> images(List<KubernetesObject> objects) {
    return objects.stream()
        .flatMap(object -> object.json().findValuesAsText("image").stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** REPOSITORY:TAG of values that name an image. */
  static String image(JsonNode values) {
    return values.path("repository").asText() + ":" + values.path("tag").asText();
  }
}
