// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import java.util.List;

/** Is told what comes of what was found. */
public interface Repairs {
  /** A namespace is through. */
  void visited(MountNamespace namespace, List<Change> outcomes);
}
