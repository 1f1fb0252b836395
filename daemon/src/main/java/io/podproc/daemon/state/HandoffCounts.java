// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.state;

import io.podproc.daemon.fuse.kept.HandoffListener;
import java.time.Duration;

/** Counts the turns of daemons, and who keeps their mount. */
public interface HandoffCounts {
  /**
   * One has begun.
   *
   * @param unserved for how long nobody served before
   */
  void began(HandoffListener.Kind kind, Duration unserved);

  /** So many keepers hold the connection now. */
  void keepers(int count);
}
