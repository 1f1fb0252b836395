// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A container in a pod's JSON.
 *
 * @param pointer where in the pod it is, as a JSON Pointer
 */
record Container(
    String pointer,
    String name,
    boolean privileged,
    boolean hasMountList,
    List<Mount> mounts,
    List<String> devicePaths) {

  /**
   * @param path absolute and without . and .., as the kubelet takes it
   */
  record Mount(String volume, String path) {}

  static Container read(JsonNode json, String pointer) throws UnreadablePodException {
    Pod.require(json, JsonNodeType.OBJECT, pointer);
    JsonNode mountList = Pod.member(json, "volumeMounts", JsonNodeType.ARRAY);
    return new Container(
        pointer,
        json.path("name").asText(),
        json.path("securityContext").path("privileged").asBoolean(),
        mountList.isArray(),
        mountList
            .valueStream()
            .map(m -> new Mount(m.path("name").asText(), cleaned(m.path("mountPath").asText())))
            .toList(),
        Pod.member(json, "volumeDevices", JsonNodeType.ARRAY)
            .valueStream()
            .map(device -> cleaned(device.path("devicePath").asText()))
            .toList());
  }

  /** Whether the file is mounted by this very volume. */
  boolean has(InjectableFile file) {
    return mounts.contains(new Mount(file.volumeName(), file.path()));
  }

  /** Whether something is mounted at the path, above it or below it. */
  boolean occupies(String path) {
    return mounts.stream().anyMatch(mount -> overlap(mount.path, path))
        || devicePaths.stream().anyMatch(device -> overlap(device, path));
  }

  private static boolean overlap(String a, String b) {
    return asDirectory(a).startsWith(asDirectory(b)) || asDirectory(b).startsWith(asDirectory(a));
  }

  private static String asDirectory(String path) {
    return path.endsWith("/") ? path : path + "/";
  }

  private static String cleaned(String path) {
    Deque<String> names = new ArrayDeque<>();
    for (String name : path.split("/", -1)) {
      if (name.equals("..")) {
        names.pollLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.addLast(name);
      }
    }
    return "/" + String.join("/", names);
  }
}
