// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

/**
 * What kind of container it is, as seen from the node. It is never asked of the container's own
 * file systems.
 */
public enum Kind {
  /** Parts of its /proc are masked, as runtimes do by default. */
  ORDINARY,
  /** It holds a pod's namespaces, and runs nothing of the user's (pause). */
  SANDBOX,
  /** Nothing of its /proc is masked, or CAP_SYS_ADMIN is in its bounding set. */
  PRIVILEGED,
  /** It is in the node's pid namespace (hostPID): it is there to see the node. */
  HOST_PID,
  /**
   * Its /proc is the node's own or shared with it, it is in the node's mount namespace, or it has a
   * kernel of its own (gVisor, Kata).
   */
  REFUSED
}
