// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.rules.ViewWish;
import java.util.Map;
import java.util.function.Predicate;

/** Who is told what pods ask their containers to be shown. Of whom nothing is told, it may hold. */
public interface ViewListener {
  /**
   * This is what these pods ask for now.
   *
   * @param byPod by the uid of the pod, as {@link PodContainer#podUid}
   */
  void tell(Map<String, ViewWish> byPod);

  /** These pods are gone. */
  void forget(Predicate<String> podUids);
}
