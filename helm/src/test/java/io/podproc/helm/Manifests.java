// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The manifests of {@code deploy}: what quarkus-kubernetes says of the webhook, and the chart's
 * word on all that it does not say.
 */
final class Manifests {
  static final String NAMESPACE = "podproc";

  /** What Helm alone has a use for. */
  private static final List<String> HELMS =
      List.of("helm.sh/chart", "app.kubernetes.io/managed-by");

  private Manifests() {}

  /**
   * @param chart as rendered for {@link #NAMESPACE}
   * @param quarkus what quarkus-kubernetes made of the webhook
   */
  static List<ObjectNode> of(List<KubernetesObject> chart, List<KubernetesObject> quarkus) {
    Map<String, KubernetesObject> described = new TreeMap<>();
    quarkus.forEach(object -> described.put(object.id(), object));
    List<ObjectNode> manifests = new ArrayList<>();
    manifests.add(namespace());
    for (KubernetesObject object : chart) {
      if (object.kind().equals("Pod")) {
        continue; // helm test's
      }
      ObjectNode manifest = object.json().deepCopy();
      Optional.ofNullable(described.remove(object.id()))
          .ifPresent(other -> overlay(manifest, tidy(other.json().deepCopy())));
      ((ObjectNode) manifest.at("/metadata/labels")).remove(HELMS);
      manifests.add(manifest);
    }
    if (!described.isEmpty()) {
      throw new IllegalStateException("not in the chart: " + described.keySet());
    }
    return manifests;
  }

  /** The daemon is privileged. */
  private static ObjectNode namespace() {
    ObjectNode namespace =
        Yaml.MAPPER.createObjectNode().put("apiVersion", "v1").put("kind", "Namespace");
    namespace
        .putObject("metadata")
        .put("name", NAMESPACE)
        .putObject("labels")
        .put("pod-security.kubernetes.io/enforce", "privileged");
    return namespace;
  }

  /** Takes away what quarkus-kubernetes can't be told to leave out. */
  private static ObjectNode tidy(ObjectNode object) {
    // Labels and selectors agree with those of objects that it does not make.
    object.remove("metadata");
    if (object.path("spec") instanceof ObjectNode spec) {
      spec.remove("selector");
      without(spec.path("ports"), "http");
      if (spec.path("template") instanceof ObjectNode template) {
        template.remove("metadata");
        JsonNode container = template.at("/spec/containers/0");
        // There is no HTTP port, and nothing that asks for this variable.
        without(container.path("ports"), "http");
        without(container.path("env"), "KUBERNETES_NAMESPACE");
      }
    }
    return object;
  }

  private static void without(JsonNode list, String name) {
    for (Iterator<JsonNode> items = list.iterator(); items.hasNext(); ) {
      if (items.next().path("name").asText().equals(name)) {
        items.remove();
      }
    }
  }

  /** Puts all of an object over another. Items of lists are known by their names, if they have. */
  private static void overlay(ObjectNode under, ObjectNode over) {
    over.properties()
        .forEach(field -> {
          JsonNode below = under.get(field.getKey());
          if (below instanceof ObjectNode a && field.getValue() instanceof ObjectNode b) {
            overlay(a, b);
          } else if (below instanceof ArrayNode a && field.getValue() instanceof ArrayNode b) {
            under.set(field.getKey(), overlay(a, b));
          } else {
            under.set(field.getKey(), field.getValue());
          }
        });
  }

  private static ArrayNode overlay(ArrayNode under, ArrayNode over) {
    if (!over.path(0).has("name")) {
      return over.isEmpty() ? under : over;
    }
    ArrayNode both = under.deepCopy();
    for (JsonNode item : over) {
      boolean found = false;
      for (JsonNode below : both) {
        if (below.path("name").equals(item.path("name"))) {
          overlay((ObjectNode) below, (ObjectNode) item);
          found = true;
        }
      }
      if (!found) {
        both.add(item);
      }
    }
    return both;
  }
}
