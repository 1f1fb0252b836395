// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.delivery.Kind;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.MountVisit.Held;
import java.util.List;
import java.util.Optional;

/**
 * A container to which something may be attached, as it is seen from the node.
 *
 * @param kind {@link Kind#ORDINARY}, {@link Kind#PRIVILEGED} or {@link Kind#HOST_PID}
 * @param trees its procfs, and its sysfs where that may be touched
 * @param without why it gets no files of others; empty: it has both
 * @param reach to its mounts
 * @param mapped whether its user namespace is not ours
 */
record Target(Kind kind, List<Tree> trees, String without, Reach reach, boolean mapped) {
  /**
   * A procfs or sysfs of the container's own.
   *
   * @param point {@code /proc} or {@code /sys}
   * @param masked whether something but ours covers a part of it. Without that, namespaces inside
   *     the container may mount one of their own (fs/namespace.c:mnt_already_visible)
   */
  record Tree(String point, Held held, boolean masked) {}

  /** In which tree a file is, as {@code /proc/meminfo}. */
  Optional<Tree> treeOf(String file) {
    return trees.stream().filter(tree -> file.startsWith(tree.point + "/")).findFirst();
  }

  /** Files that the node has brought, and that are seen; also in a tree that got them before. */
  List<Mount> brought(OurMounts ours) {
    MountInfo mounts = reach.mounts();
    return mounts.mounts().stream()
        .filter(ours::isBrought)
        .filter(mount -> isInTree(mount.point()) && !mounts.isCovered(mount))
        .toList();
  }

  private static boolean isInTree(String point) {
    return point.startsWith("/proc/") || point.startsWith("/sys/");
  }
}
