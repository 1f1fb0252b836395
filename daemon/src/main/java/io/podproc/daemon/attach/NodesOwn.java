// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What is the node's own, and is told from a container's by it. The daemon's own namespaces count
 * as the node's.
 */
final class NodesOwn {
  /** The first process of the node. */
  static final int INIT = 1;

  /** Where the node is no container itself; whoever may not look at the first may at this one. */
  private static final int KTHREADD = 2;

  private static final Set<String> POINTS = Set.of("/", "/proc", "/sys");

  private final Mount root;
  private final Mount proc;

  /** Empty where nobody can tell which network is the node's. */
  private final Optional<Mount> sys;

  private final Set<String> mountNamespaces;
  private final Set<String> pidNamespaces;
  private final Set<String> networks;

  /**
   * @throws IOException the node can't be looked at
   */
  NodesOwn(Processes processes) throws IOException {
    MountInfo node = processes.mounts(INIT, mount -> POINTS.contains(mount.point()));
    root = node.at("/").orElseThrow(() -> new IOException("the node has no root directory"));
    proc = node.at("/proc").orElseThrow(() -> new IOException("the node has no /proc"));
    mountNamespaces = new HashSet<>(Set.of(processes.ownMountNamespace()));
    pidNamespaces = new HashSet<>(Set.of(processes.ownPidNamespace()));
    networks = new HashSet<>(Set.of(processes.ownNetworkNamespace()));
    try {
      boolean _ = mountNamespaces.add(processes.mountNamespace(INIT));
      boolean _ = pidNamespaces.add(processes.pidNamespace(INIT));
    } catch (IOException e) {
      // It may do more than we may, and can't be looked at; who is there is on the node's root.
    }
    boolean isTold = addNetwork(processes, INIT) || addNetwork(processes, KTHREADD);
    sys = isTold ? node.at("/sys") : Optional.empty();
  }

  private boolean addNetwork(Processes processes, int pid) {
    try {
      boolean _ = networks.add(processes.networkNamespace(pid));
      return true;
    } catch (IOException e) {
      return false; // not to be looked at
    }
  }

  boolean isMountNamespace(String name) {
    return mountNamespaces.contains(name);
  }

  boolean isPidNamespace(String name) {
    return pidNamespaces.contains(name);
  }

  boolean isRoot(Mount mount) {
    return mount.device().equals(root.device()) && mount.root().equals(root.root());
  }

  /**
   * Whether what a container has at /proc or /sys is the node's. There is one sysfs for each
   * network namespace (fs/sysfs/mount.c:sysfs_init_fs_context): in the node's, a container's own
   * can't be told from the node's, and counts as its own.
   *
   * @param network the container's network namespace
   */
  boolean isTree(Mount mount, String network) {
    return mount.device().equals(proc.device())
        || (!networks.contains(network)
            && sys.filter(own -> own.device().equals(mount.device())).isPresent());
  }
}
