// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.MountVisit.Held;
import io.podproc.daemon.linux.SystemCallException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/**
 * Gets hold of mounts of a container by what the kernel says of them. No file system on the way is
 * asked for anything but a procfs or sysfs, which answer, and those that the node itself has
 * mounted, where there is no other way: before Linux 5.12, and where images are read from a
 * network.
 *
 * @param mounts of the container, at least its root, each procfs and sysfs, and those that are
 *     meant
 */
record Reach(MountVisit visit, MountInfo mounts, Processes processes) {
  /** Whether such a mount is needed to reach others. */
  static boolean concerns(Mount mount) {
    return mount.point().equals("/") || isTree(mount);
  }

  private static boolean isTree(Mount mount) {
    return (mount.type().equals("proc") || mount.type().equals("sysfs"))
        && mount.root().equals("/");
  }

  /**
   * What is seen where a mount is: that mount, unless another one covers it, as the id tells.
   *
   * @throws SystemCallException EAGAIN: a file system of the container's own would have to be asked
   */
  Held at(Mount mount) throws SystemCallException {
    Optional<Mount> tree = treeOf(mount);
    if (tree.isEmpty()) {
      return seen(mount.point());
    }
    String top = tree.get().point();
    Held directory = seen(top);
    return directory.id() == tree.get().id()
        ? visit.mountedIn(directory, mount.point().substring(top.length() + 1))
        : directory;
  }

  /** In which procfs or sysfs it lies; it may lie on others there. */
  private Optional<Mount> treeOf(Mount mount) {
    Optional<Mount> below = mounts.byId(mount.parent());
    while (below.isPresent() && below.get().point().equals(mount.point())) {
      below = mounts.byId(below.get().parent());
    }
    return below.filter(Reach::isTree).filter(tree -> mount.point().startsWith(tree.point() + "/"));
  }

  /** What is seen at a path. */
  Held seen(String point) throws SystemCallException {
    try {
      return visit.visible(point);
    } catch (SystemCallException e) {
      if (!e.isUnasked() || !isOnNodes(point)) {
        throw e;
      }
      return visit.ask(point);
    }
  }

  /**
   * Where directories can be made and removed without asking a file system that may not answer.
   *
   * @throws SystemCallException EXDEV: what is there is none of memory
   */
  Held dev() throws SystemCallException {
    Held dev = seen(OurMounts.DEV);
    if (mounts.byId(dev.id()).filter(mount -> mount.type().equals("tmpfs")).isEmpty()) {
      throw new SystemCallException("mkdirat", Errno.EXDEV);
    }
    return dev;
  }

  /** Whether nothing but the container's root has to be asked, and that is a mount of the node. */
  private boolean isOnNodes(String point) {
    Optional<Mount> root = mounts.byId(visit.root().id());
    return root.isPresent()
        && mounts.mounts().stream()
            .noneMatch(mount -> mount.id() != root.get().id() && isAbove(mount, point))
        && devicesOfNode().contains(root.get().device());
  }

  /** Whether the way to a path leads through a mount. */
  static boolean isAbove(Mount mount, String path) {
    return path.startsWith(mount.point().equals("/") ? "/" : mount.point() + "/");
  }

  private Set<String> devicesOfNode() {
    try {
      return processes.devices(NodesOwn.INIT);
    } catch (IOException e) {
      return Set.of();
    }
  }
}
