// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import java.util.Collection;
import java.util.Optional;

/** Who knows what a pod's containers should have. Never waits for the network. */
public interface Source {
  /**
   * What they should have; without files where they should have none; empty where it is not known.
   *
   * @param podUid as {@link PodContainer#podUid}
   */
  Optional<DesiredFiles> wanted(String podUid);

  /**
   * What is known of a pod, for people who ask; empty where nothing is.
   *
   * @param podUid as {@link PodContainer#podUid}
   */
  default Optional<PodStatus> standing(String podUid) {
    return Optional.empty();
  }

  /**
   * Calls back when what is wanted has changed.
   *
   * @param changes is called by any thread, and does not wait
   */
  void begin(Changes changes);

  /** Whose desired state has changed. */
  interface Changes {
    void of(Collection<String> podUids);
  }
}
