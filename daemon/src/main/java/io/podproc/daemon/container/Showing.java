// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import io.podproc.rules.Shown;
import io.podproc.rules.ViewWish;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a container is shown of itself, as its pod asks. It is decided when the pod's word is told,
 * or the container's name is found, and not when somebody reads. While nothing is told, it stays as
 * it was.
 */
final class Showing {
  /** More than a full node has, and so a container that has all of its mounts. */
  private static final int MOST_MOUNTS = 4096;

  private final Optional<String> pod;
  private volatile Shown shown = Shown.USUAL;

  @GuardedBy("this")
  private Optional<String> name = Optional.empty();

  Showing(ProcCgroup paths) {
    pod = RuntimePath.podOf(paths);
  }

  /** The uid of its pod. */
  Optional<String> pod() {
    return pod;
  }

  Shown shown() {
    return shown;
  }

  /** What another daemon has shown. */
  void restore(Shown memory) {
    shown = memory;
  }

  /**
   * Shows what is wished now.
   *
   * @param wishes by the uid of pods
   * @return false where that takes the container's name, by {@link #findName}
   */
  synchronized boolean decide(Map<String, ViewWish> wishes) {
    Optional<ViewWish> wish = pod.map(wishes::get);
    if (wish.isPresent()) {
      if (wish.get().namesContainers() && name.isEmpty()) {
        return false;
      }
      shown = wish.get().shown(name);
    }
    return true;
  }

  /**
   * Finds how the container is called, and shows what is wished then. It takes as long as the
   * container has mounts.
   *
   * @param pid of a process of the container
   */
  void findName(Processes processes, int pid, Map<String, ViewWish> wishes) throws IOException {
    if (pod.isEmpty()) {
      return;
    }
    Optional<String> found = nameOf(processes, pid, pod.get());
    synchronized (this) {
      name = found;
      ViewWish wish = wishes.get(pod.get());
      if (wish != null) {
        shown = wish.shown(found);
      }
    }
  }

  /**
   * By the file for its last words, which the kubelet mounts into each container from a folder of
   * its name (makeMounts in pkg/kubelet/kuberuntime).
   */
  private static Optional<String> nameOf(Processes processes, int pid, String pod)
      throws IOException {
    Pattern folder =
        Pattern.compile(
            "/pods/"
                + Pattern.quote(pod)
                + "/containers/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)/[^/]+$");
    return processes
        .mounts(pid, MOST_MOUNTS, mount -> folder.matcher(mount.root()).find())
        .flatMap(found -> found.mounts().stream().findFirst())
        .map(mount -> folder.matcher(mount.root()))
        .filter(Matcher::find)
        .map(matcher -> matcher.group(1));
  }
}
