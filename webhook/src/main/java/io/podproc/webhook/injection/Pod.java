// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.podproc.rules.ViewWish;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A pod's raw JSON. What is read here is of the right shape; all else in it may be anything. */
public final class Pod {
  private final JsonNode json;
  private final JsonNode labels;
  private final JsonNode annotations;
  private final JsonNode spec;
  private final JsonNode volumeList;
  private final List<Container> containers;
  private final List<Container> ephemeralContainers;

  /**
   * @throws UnreadablePodException if it has no spec or containers, or something is of a wrong type
   */
  public Pod(JsonNode json) throws UnreadablePodException {
    this.json = json;
    JsonNode metadata = member(json, "metadata", JsonNodeType.OBJECT);
    labels = member(metadata, "labels", JsonNodeType.OBJECT);
    annotations = member(metadata, "annotations", JsonNodeType.OBJECT);
    spec = require(json.path("spec"), JsonNodeType.OBJECT, "spec");
    volumeList = member(spec, "volumes", JsonNodeType.ARRAY);
    containers = new ArrayList<>(containers("initContainers"));
    containers.addAll(containers("containers"));
    if (!spec.path("containers").isArray()) {
      throw new UnreadablePodException("containers is missing");
    }
    ephemeralContainers = containers("ephemeralContainers");
  }

  private List<Container> containers(String list) throws UnreadablePodException {
    List<Container> found = new ArrayList<>();
    for (JsonNode container : member(spec, list, JsonNodeType.ARRAY)) {
      found.add(Container.read(container, "/spec/" + list + "/" + found.size()));
    }
    return found;
  }

  /** A member that may be missing or null, which then is a missing node. */
  static JsonNode member(JsonNode object, String name, JsonNodeType type)
      throws UnreadablePodException {
    JsonNode value = object.path(name);
    return value.isMissingNode() || value.isNull()
        ? MissingNode.getInstance()
        : require(value, type, name);
  }

  static JsonNode require(JsonNode value, JsonNodeType type, String name)
      throws UnreadablePodException {
    if (value.getNodeType() != type) {
      throw new UnreadablePodException(
          name + " is " + value.getNodeType().name().toLowerCase(Locale.ROOT));
    }
    return value;
  }

  Optional<String> label(String name) {
    return labels.optional(name).map(JsonNode::asText);
  }

  Optional<String> annotation(String name) {
    return annotations.optional(name).map(JsonNode::asText);
  }

  /** What its annotations say that its containers are to be shown. */
  ViewWish view() {
    Map<String, String> said = new HashMap<>();
    for (Map.Entry<String, JsonNode> annotation : annotations.properties()) {
      if (ViewWish.concerns(annotation.getKey())) {
        said.put(annotation.getKey(), annotation.getValue().asText());
      }
    }
    return ViewWish.of(said);
  }

  /** All of it. */
  JsonNode json() {
    return json;
  }

  JsonNode annotations() {
    return annotations;
  }

  JsonNode spec() {
    return spec;
  }

  /** Whether it or a container of it runs in no container: that is there on Windows alone. */
  boolean isHostProcess() {
    return Stream.concat(
            Stream.of(spec),
            Stream.of("initContainers", "containers")
                .flatMap(list -> spec.path(list).valueStream()))
        .map(owner -> owner.path("securityContext").path("windowsOptions").path("hostProcess"))
        .anyMatch(JsonNode::asBoolean);
  }

  boolean hasVolumeList() {
    return volumeList.isArray();
  }

  /** By name; the first of those that share one. */
  Map<String, JsonNode> volumes() {
    Map<String, JsonNode> byName = new HashMap<>();
    for (JsonNode volume : volumeList) {
      byName.putIfAbsent(volume.path("name").asText(), volume);
    }
    return byName;
  }

  /** Init containers, native sidecars among them, and containers. */
  List<Container> containers() {
    return containers;
  }

  List<Container> ephemeralContainers() {
    return ephemeralContainers;
  }
}
