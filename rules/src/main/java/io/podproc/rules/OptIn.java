// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.util.Map;
import java.util.Optional;

/** Whether a pod is to get files, by the labels of its namespace and its own; and why. */
public enum OptIn {
  /** The pod's namespace is labelled. */
  NAMESPACE_LABEL(true),
  /** The pod itself is labelled. */
  POD_LABEL(true),

  NOT_OPTED_IN(false),
  OPTED_OUT(false),
  /** That of podproc itself. */
  OWN_NAMESPACE(false),
  SYSTEM_NAMESPACE(false),
  /** The pod's label has a value that means nothing. */
  INVALID_LABEL(false);

  /** Of namespaces and of pods. */
  public static final String LABEL = "podproc.io/inject";

  public static final String ENABLED = "enabled";
  public static final String DISABLED = "disabled";

  private static final String SYSTEM = "kube-system";

  private final boolean in;

  OptIn(boolean in) {
    this.in = in;
  }

  /** Whether it gets files. */
  public boolean isIn() {
    return in;
  }

  /**
   * What can be told whatever the labels of the namespace are; empty where they decide.
   *
   * @param wish the pod's own label
   */
  public static Optional<OptIn> anywhere(
      Optional<String> wish, String namespace, String ownNamespace) {
    if (wish.filter(DISABLED::equals).isPresent()) {
      return Optional.of(OPTED_OUT);
    }
    if (namespace.equals(ownNamespace)) {
      return Optional.of(OWN_NAMESPACE);
    }
    return namespace.equals(SYSTEM) ? Optional.of(SYSTEM_NAMESPACE) : Optional.empty();
  }

  /**
   * What is told by a namespace in which pods may opt in.
   *
   * @param wish the pod's own label, which is not {@link #DISABLED}
   */
  public static OptIn within(Map<String, String> namespaceLabels, Optional<String> wish) {
    String rule = namespaceLabels.getOrDefault(LABEL, "");
    if (rule.equals(DISABLED)) {
      return OPTED_OUT;
    }
    if (wish.isPresent()) {
      return wish.get().equals(ENABLED) ? POD_LABEL : INVALID_LABEL;
    }
    return rule.equals(ENABLED) ? NAMESPACE_LABEL : NOT_OPTED_IN;
  }
}
