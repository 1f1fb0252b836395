// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * A container in a pod's JSON.
 *
 * @param pointer where in the pod it is, as a JSON Pointer
 * @param unconfined privileged, or able to mount, or with a /proc that nothing covers
 */
record Container(
    String pointer,
    String name,
    boolean unconfined,
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
    List<Mount> mounts = new ArrayList<>();
    for (JsonNode mount : mountList) {
      mounts.add(new Mount(mount.path("name").asText(), cleaned(mount.path("mountPath").asText())));
    }
    List<String> devicePaths = new ArrayList<>();
    for (JsonNode device : Pod.member(json, "volumeDevices", JsonNodeType.ARRAY)) {
      devicePaths.add(cleaned(device.path("devicePath").asText()));
    }
    return new Container(
        pointer,
        json.path("name").asText(),
        isUnconfined(json.path("securityContext")),
        mountList.isArray(),
        mounts,
        devicePaths);
  }

  private static boolean isUnconfined(JsonNode context) {
    return context.path("privileged").asBoolean()
        || context.path("procMount").asText().equals("Unmasked")
        || context.path("capabilities").path("add").valueStream().anyMatch(Container::isMounting);
  }

  /** As runtimes take it: in capitals or not, and with CAP_ or without. */
  private static boolean isMounting(JsonNode capability) {
    String name = capability.asText().toUpperCase(Locale.ROOT);
    return name.equals("ALL") || name.equals("SYS_ADMIN") || name.equals("CAP_SYS_ADMIN");
  }

  /** Whether the file is mounted by this very volume. */
  boolean has(InjectableFile file) {
    return mounts.contains(new Mount(file.volumeName(), file.path()));
  }

  /** Whether something is mounted at the path, above it or below it. */
  boolean occupies(String path) {
    for (Mount mount : mounts) {
      if (overlap(mount.path, path)) {
        return true;
      }
    }
    for (String device : devicePaths) {
      if (overlap(device, path)) {
        return true;
      }
    }
    return false;
  }

  private static boolean overlap(String a, String b) {
    return isAt(a, b) || isAt(b, a);
  }

  /** Whether the path is the directory or in it. */
  private static boolean isAt(String directory, String path) {
    return path.startsWith(directory)
        && (path.length() == directory.length()
            || directory.endsWith("/")
            || path.charAt(directory.length()) == '/');
  }

  private static String cleaned(String path) {
    if (isClean(path)) {
      return path;
    }
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

  /** Of some there is no telling: a name may begin with a dot. */
  private static boolean isClean(String path) {
    return path.startsWith("/")
        && !path.endsWith("/")
        && !path.contains("//")
        && !path.contains("/.");
  }
}
