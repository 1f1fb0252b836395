// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

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

  /** Where Kubernetes begins. A node may itself be a container (kind): the innermost counts. */
  private static final Pattern KUBERNETES = Pattern.compile("/[^/]*kubepods[^/]*(?=[/:])");

  private RuntimePath() {}

  /** The path cut at the container's level; empty where no runtime's container is in it. */
  static Optional<String> container(String path) {
    int from = 0;
    Matcher kubernetes = KUBERNETES.matcher(path);
    while (kubernetes.find()) {
      from = kubernetes.start();
    }
    // The outermost below it: what a container runs inside of itself belongs to it.
    Matcher container = CONTAINER.matcher(path);
    return container.find(from)
        ? Optional.of(path.substring(0, container.end()))
        : Optional.empty();
  }
}
