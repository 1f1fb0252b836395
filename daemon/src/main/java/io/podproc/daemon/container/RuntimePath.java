// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that container runtimes give to cgroups.
 *
 * <ul>
 *   <li>systemd driver: {@code cri-containerd-ID.scope}, {@code crio-ID.scope}, {@code
 *       docker-ID.scope}, {@code libpod-ID.scope}
 *   <li>cgroupfs driver: {@code /kubepods/…/podUID/ID}, {@code /docker/ID}, {@code
 *       /libpod_parent/libpod-ID}
 *   <li>Podman with {@code --cgroups=split}: {@code libpod-payload-ID}, below the caller's own
 *   <li>systemd names under the cgroupfs driver, where kubelet and runtime disagree: {@code
 *       kubepods-podUID.slice:cri-containerd:ID}
 * </ul>
 */
public final class RuntimePath {
  private static final String ID = "[0-9a-f]{64}";

  private static final Pattern CONTAINER =
      Pattern.compile(
          "/(?:(?:cri-containerd|crio|docker|libpod)-"
              + ID
              + "\\.scope" // systemd driver
              + "|(?<=/pod[0-9a-fA-F_-]{32,36}/)[^/]+" // below a pod, cgroupfs driver
              + "|(?<=/docker/)"
              + ID
              + "|libpod-(?:payload-)?"
              + ID
              + "|[^/:]+:(?:cri-containerd|crio|docker|libpod):"
              + ID
              + ")(?=/|\\z)");

  /**
   * The folder of a pod: {@code podUID} with the cgroupfs driver, {@code …-podUID.slice} with
   * systemd's, whose UID has underscores. That of a static pod is 32 digits.
   */
  private static final Pattern POD =
      Pattern.compile(
          "(?:[^/]*-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\\.slice)?");

  /** That of a container in it; {@code crio-conmon-ID.scope} is none. */
  private static final Pattern IN_POD =
      Pattern.compile("(?:(?:cri-containerd|crio|docker)-)?(" + ID + ")(?:\\.scope)?");

  /**
   * Where the cgroup of the node itself is: a node may be a container (kind). Empty for the root.
   */
  private final String node;

  private RuntimePath(String node) {
    this.node = node;
  }

  /**
   * Those of containers on the node that the daemon is on.
   *
   * @param daemon where the daemon's own cgroup is: in a container of the node, or in none
   */
  static RuntimePath onNodeOf(ProcCgroup daemon) {
    return new RuntimePath(
        daemon
            .paths()
            .map(RuntimePath::node)
            .max(Comparator.comparingInt(String::length))
            .orElse(""));
  }

  /** The uid of the pod whose folder is so named, with hyphens; empty for any other name. */
  public static Optional<String> podOf(String name) {
    Matcher pod = POD.matcher(name);
    return pod.matches() ? Optional.of(pod.group(1).replace('_', '-')) : Optional.empty();
  }

  /** The uid of the pod that a container at these paths is of. */
  static Optional<String> podOf(ProcCgroup container) {
    return container
        .paths()
        .flatMap(path -> Arrays.stream(path.split("/", -1)))
        .map(name -> podOf(name.split(":", 2)[0]))
        .flatMap(Optional::stream)
        .findFirst();
  }

  /** The id of the container whose folder in that of a pod is so named; empty for any other. */
  public static Optional<String> containerOf(String name) {
    Matcher container = IN_POD.matcher(name);
    return container.matches() ? Optional.of(container.group(1)) : Optional.empty();
  }

  /** The innermost container in a path, beside the daemon's own, which ends it. */
  private static String node(String daemon) {
    int end = 0;
    Matcher container = CONTAINER.matcher(daemon);
    while (container.find()) {
      end = container.end() < daemon.length() ? container.end() : end;
    }
    return daemon.substring(0, end);
  }

  /** Whether a process at these paths is in no container that a runtime has named. */
  boolean isPlain(ProcCgroup paths) {
    return paths.paths().map(this::container).noneMatch(Optional::isPresent);
  }

  /**
   * The path cut at the container's level; empty where no runtime's container is in it. It is the
   * outermost on the node: whatever a container runs, or makes, inside of itself belongs to it.
   */
  Optional<String> container(String path) {
    Matcher container = CONTAINER.matcher(path);
    return container.find((path + "/").startsWith(node + "/") ? node.length() : 0)
        ? Optional.of(path.substring(0, container.end()))
        : Optional.empty();
  }
}
