// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
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
 *   <li>systemd names under the cgroupfs driver, where kubelet and runtime disagree: {@code
 *       kubepods-podUID.slice:cri-containerd:ID}
 * </ul>
 */
final class RuntimePath {
  private static final String ID = "[0-9a-f]{64}";

  private static final Pattern CONTAINER =
      Pattern.compile(
          "/(?:(?:cri-containerd|crio|docker|libpod)-"
              + ID
              + "\\.scope" // systemd driver
              + "|(?<=/pod[0-9a-fA-F_-]{32,36}/)[^/]+" // below a pod, cgroupfs driver
              + "|(?<=/docker/)"
              + ID
              + "|libpod-"
              + ID
              + "|[^/:]+:(?:cri-containerd|crio|docker|libpod):"
              + ID
              + ")(?=/|$)");

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

  /** The innermost container in a path, beside the daemon's own, which ends it. */
  private static String node(String daemon) {
    int end = 0;
    Matcher container = CONTAINER.matcher(daemon);
    while (container.find()) {
      end = container.end() < daemon.length() ? container.end() : end;
    }
    return daemon.substring(0, end);
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
