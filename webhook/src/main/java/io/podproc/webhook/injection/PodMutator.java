// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podproc.webhook.injection.Decision.Inject;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Mounts files into a pod: adds what it lacks, behind what the user has written. A pod that has
 * been through here needs nothing more.
 */
public final class PodMutator {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String READY_LABEL = "podproc.io/ready";

  private final InjectionRules rules;

  /** The same for all pods: patches share them. */
  private final Map<InjectableFile, JsonNode> volumeOf = new EnumMap<>(InjectableFile.class);

  private final Map<InjectableFile, JsonNode> mountOf = new EnumMap<>(InjectableFile.class);

  public PodMutator(InjectionRules rules) {
    this.rules = rules;
    for (InjectableFile file : InjectableFile.all()) {
      ObjectNode volume = JSON.objectNode().put("name", file.volumeName());
      volume
          .putObject("hostPath")
          .put("path", rules.mountPoint() + file.path())
          .put("type", "File");
      volumeOf.put(file, volume);
      mountOf.put(
          file,
          JSON.objectNode()
              .put("name", file.volumeName())
              .put("mountPath", file.path())
              .put("readOnly", true));
    }
  }

  /** For a pod that is being made. */
  public Mutation mutate(Pod pod, Inject decision) throws UnreadablePodException {
    List<InjectableFile> files = decision.files();
    Pass pass = new Pass(pod, decision.reason());
    pod.containers().forEach(container -> pass.mount(container, files));
    ArrayNode patch = JSON.arrayNode();
    appendAll(patch, "/spec/volumes", pod.hasVolumeList(), pass.missingVolumes());
    patch.addAll(pass.patch);
    if (rules.preferReadyNodes() && !pass.mounted.isEmpty()) {
      preferReadyNodes(pod.spec(), patch);
    }
    List<String> warnings = pass.mounted.isEmpty() ? List.of() : nameVolumes(pod, pass, patch);
    return pass.mutation(patch, files, warnings);
  }

  /**
   * For ephemeral containers that are added to a pod, in which nothing else may change: they get
   * what the pod has volumes for.
   */
  public Mutation mutateEphemeral(Pod pod, Pod before, Inject decision) {
    List<InjectableFile> files = decision.files();
    Pass pass = new Pass(pod, decision.reason());
    Set<String> old =
        before.ephemeralContainers().stream().map(Container::name).collect(Collectors.toSet());
    List<InjectableFile> present = files.stream().filter(pass.volumes::contains).toList();
    pod.ephemeralContainers().stream()
        .filter(container -> !old.contains(container.name()))
        .forEach(container -> pass.mount(container, present));
    return pass.mutation(pass.patch, files, List.of());
  }

  /** One pod's way through here. */
  private final class Pass {
    final ArrayNode patch = JSON.arrayNode();
    final Set<InjectableFile> mounted = EnumSet.noneOf(InjectableFile.class);

    /** Those whose volume the pod has, and those whose volume's name it uses for another. */
    final Set<InjectableFile> volumes = EnumSet.noneOf(InjectableFile.class);

    final Set<InjectableFile> misnamed = EnumSet.noneOf(InjectableFile.class);

    final SequencedMap<InjectableFile, List<String>> left = new LinkedHashMap<>();
    final boolean skipUnconfined;
    final List<String> unconfined = new ArrayList<>();

    /** A pod that is labelled itself is meant, whatever its containers may do. */
    Pass(Pod pod, Reason reason) {
      skipUnconfined = rules.skipPrivileged() && reason != Reason.POD_LABEL;
      Map<String, JsonNode> present = pod.volumes();
      for (InjectableFile file : InjectableFile.all()) {
        JsonNode volume = present.get(file.volumeName());
        if (volume != null) {
          (volume.equals(volumeOf.get(file)) ? volumes : misnamed).add(file);
        }
      }
    }

    void mount(Container container, List<InjectableFile> files) {
      if (skipUnconfined && container.unconfined()) {
        unconfined.add(container.name());
        return;
      }
      ArrayNode mounts = JSON.arrayNode();
      for (InjectableFile file : files) {
        if (misnamed.contains(file)) {
          continue;
        }
        if (volumes.contains(file) && container.has(file)) {
          mounted.add(file);
        } else if (container.occupies(file.path())) {
          left.computeIfAbsent(file, f -> new ArrayList<>()).add(container.name());
        } else {
          mounted.add(file);
          mounts.add(mountOf.get(file));
        }
      }
      appendAll(patch, container.pointer() + "/volumeMounts", container.hasMountList(), mounts);
    }

    ArrayNode missingVolumes() {
      ArrayNode missing = JSON.arrayNode();
      for (InjectableFile file : mounted) {
        if (!volumes.contains(file)) {
          missing.add(volumeOf.get(file));
        }
      }
      return missing;
    }

    Mutation mutation(
        ArrayNode wholePatch, List<InjectableFile> files, List<String> furtherWarnings) {
      List<Reason> conflicts = new ArrayList<>();
      List<String> warnings = new ArrayList<>(furtherWarnings);
      files.stream()
          .filter(misnamed::contains)
          .forEach(file -> {
            conflicts.add(Reason.VOLUME_NAME_TAKEN);
            warnings.add(
                Warning.of(
                    file.path()
                        + " is left alone: the volume "
                        + file.volumeName()
                        + " is another's"));
          });
      SequencedMap<String, List<String>> pathsByContainers = new LinkedHashMap<>();
      left.forEach((file, names) -> {
        conflicts.add(Reason.MOUNTED_ALREADY);
        pathsByContainers
            .computeIfAbsent(String.join(", ", names), n -> new ArrayList<>())
            .add(file.path());
      });
      pathsByContainers.forEach((names, paths) ->
          warnings.addAll(Warning.listing("left alone, mounted already in " + names + ":", paths)));
      if (!unconfined.isEmpty()) {
        unconfined.forEach(name -> conflicts.add(Reason.PRIVILEGED_CONTAINER));
        warnings.addAll(
            Warning.listing(
                "privileged, so with the node's view unless the pod has the label:", unconfined));
      }
      return new Mutation(
          wholePatch, files.stream().filter(mounted::contains).toList(), conflicts, warnings);
    }
  }

  private static void preferReadyNodes(JsonNode spec, ArrayNode patch)
      throws UnreadablePodException {
    ObjectNode term = JSON.objectNode();
    // The least weight: what the user prefers counts for more.
    term.put("weight", 1);
    ObjectNode expression = term.putObject("preference").putArray("matchExpressions").addObject();
    expression.put("key", READY_LABEL).put("operator", "In").putArray("values").add("true");

    JsonNode affinity = descend(patch, spec, "/spec", List.of("affinity", "nodeAffinity"));
    String list = "preferredDuringSchedulingIgnoredDuringExecution";
    JsonNode terms = Pod.member(affinity, list, JsonNodeType.ARRAY);
    if (terms.valueStream().noneMatch(term::equals)) {
      String pointer = "/spec/affinity/nodeAffinity/" + list;
      appendAll(patch, pointer, terms.isArray(), JSON.arrayNode().add(term));
    }
  }

  /** So that they hold no node: warns where there is no room to say so. */
  private static List<String> nameVolumes(Pod pod, Pass pass, ArrayNode patch)
      throws UnreadablePodException {
    try {
      List<String> names = pass.mounted.stream().map(InjectableFile::volumeName).toList();
      Optional<String> value = SafeToEvict.naming(names, pod.annotations());
      if (value.isPresent()) {
        JsonNode _ = descend(patch, pod.json(), "", List.of("metadata", "annotations"));
        String key = SafeToEvict.VOLUMES.replace("/", "~1");
        add(patch, "/metadata/annotations/" + key, JSON.textNode(value.get()));
      }
      return List.of();
    } catch (SafeToEvict.Full e) {
      return List.of(
          Warning.of("its node is not scaled down: no room in its annotations to name volumes"));
    }
  }

  /** The innermost of objects in each other; those that are missing are made. */
  private static JsonNode descend(
      ArrayNode patch, JsonNode outermost, String pointer, List<String> names)
      throws UnreadablePodException {
    JsonNode object = outermost;
    String path = pointer;
    for (String name : names) {
      path += "/" + name;
      object = Pod.member(object, name, JsonNodeType.OBJECT);
      if (object.isMissingNode()) {
        add(patch, path, JSON.objectNode());
      }
    }
    return object;
  }

  /** Adds items to the end of a list, which may have to be made first. */
  private static void appendAll(ArrayNode patch, String pointer, boolean exists, ArrayNode items) {
    if (!exists && !items.isEmpty()) {
      add(patch, pointer, items);
    } else {
      String end = pointer + "/-";
      for (JsonNode item : items) {
        add(patch, end, item);
      }
    }
  }

  /** Pointers are made of names and indexes that need no escapes, or have them. */
  private static void add(ArrayNode patch, String pointer, JsonNode value) {
    ObjectNode operation = patch.addObject();
    operation.put("op", "add").put("path", pointer).set("value", value);
  }
}
