// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

/**
 * A container of a pod that runs on this node, as its cgroup tells.
 *
 * @param podUid canonical, with hyphens; of a static pod, whose file has no uid, the 32 hex digits
 *     of its {@code kubernetes.io/config.hash}
 * @param containerId as the runtime has it
 * @param pid of its first process, in the daemon's pid namespace, which is the node's
 */
public record PodContainer(String podUid, String containerId, int pid) {}
