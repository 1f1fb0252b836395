// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;

/** An object of a manifest. */
record KubernetesObject(JsonNode json) {
  String kind() {
    return json.path("kind").asText();
  }

  String name() {
    return json.at("/metadata/name").asText();
  }

  String namespace() {
    return json.at("/metadata/namespace").asText();
  }

  /** What no two objects of a cluster have in common. */
  String id() {
    return kind() + " " + (namespace().isEmpty() ? "" : namespace() + "/") + name();
  }

  /** The pod that this object is, or has made. */
  Optional<JsonNode> podSpec() {
    return switch (kind()) {
      case "Pod" -> Optional.of(json.path("spec"));
      case "Deployment", "DaemonSet" -> Optional.of(json.at("/spec/template/spec"));
      default -> Optional.empty();
    };
  }

  JsonNode podLabels() {
    return json.at("/spec/template/metadata/labels");
  }

  /** The environment of its only container: name to value, empty where it comes from a field. */
  TreeMap<String, String> environment() {
    TreeMap<String, String> environment = new TreeMap<>();
    for (JsonNode variable : json.at("/spec/template/spec/containers/0/env")) {
      environment.put(variable.path("name").asText(), variable.path("value").asText());
    }
    return environment;
  }

  /** The one of a kind whose name ends so. */
  static KubernetesObject only(List<KubernetesObject> objects, String kind, String suffix) {
    return only(objects.stream().filter(o -> o.name().endsWith(suffix)).toList(), kind);
  }

  static KubernetesObject only(List<KubernetesObject> objects, String kind) {
    List<KubernetesObject> found = objects.stream().filter(o -> o.kind().equals(kind)).toList();
    if (found.size() != 1) {
      throw new NoSuchElementException(found.size() + " objects of kind " + kind);
    }
    return found.getFirst();
  }

  @Override
  public String toString() {
    return id();
  }
}
