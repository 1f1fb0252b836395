// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import java.util.Optional;

/**
 * What is known of a pod of this node, for people who ask.
 *
 * @param name of the pod
 * @param wanted what its containers should have; empty where that can't be told yet
 * @param reason why
 */
public record PodStatus(
    String namespace, String name, Optional<DesiredFiles> wanted, Reason reason) {
  /** What decided. */
  public enum Reason {
    NAMESPACE_LABEL,
    POD_LABEL,
    NOT_OPTED_IN,
    OPTED_OUT,
    OWN_NAMESPACE,
    SYSTEM_NAMESPACE,
    INVALID_LABEL,
    /** It asks that nothing is attached. */
    NOT_ATTACHABLE,
    /** The labels of its namespace have not been told yet. */
    NAMESPACE_UNKNOWN,
    /** The daemon was told namespaces, its own among them; here no label counts. */
    NAMESPACE_NAMED,
    /** The daemon was told namespaces, and not its own. */
    NAMESPACE_NOT_NAMED
  }
}
