// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import java.util.Optional;

/**
 * Who is asked as a container starts, before its program runs where the machine has time for that.
 */
public interface StartListener {
  /**
   * What to attach at once; empty: nothing is wanted, or it is not known yet. Called on the thread
   * of the visit, and never waits.
   */
  Optional<DesiredFiles> wanted(PodContainer container);
}
