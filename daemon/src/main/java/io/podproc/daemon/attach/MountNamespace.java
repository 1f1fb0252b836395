// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import java.util.List;
import java.util.function.Predicate;

/**
 * A mount namespace with such mounts.
 *
 * @param namespace as {@code mnt:[4026532345]}
 * @param pid the host's pid of a process that is in it
 * @param cgroup that process's; empty if it can't be told
 */
public record MountNamespace(String namespace, int pid, String cgroup, List<Finding> findings) {
  MountNamespace only(Predicate<Finding> wanted) {
    return new MountNamespace(namespace, pid, cgroup, findings.stream().filter(wanted).toList());
  }

  @Override
  public String toString() {
    return "pid " + pid + (cgroup.isEmpty() ? "" : " in " + cgroup);
  }
}
