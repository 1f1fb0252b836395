// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The objects with which a watch begins, until it is told that these are all. */
final class InitialList implements ObjectStore {
  private final int most;
  private final Map<String, Metadata> byUid = new HashMap<>();
  private boolean cut;

  /**
   * @param most how many are taken
   */
  InitialList(int most) {
    this.most = most;
  }

  /** Whether there were more than are taken. */
  boolean isCut() {
    return cut;
  }

  /** Tells whoever keeps them. */
  void tell(ObjectStore objects) {
    if (cut) {
      objects.some(byUid.values());
    } else {
      objects.all(byUid.values());
    }
  }

  @Override
  public void all(Collection<Metadata> objects) {
    throw new IllegalStateException();
  }

  @Override
  public void put(Metadata object) {
    if (byUid.size() < most || byUid.containsKey(object.uid())) {
      byUid.put(object.uid(), object);
    } else {
      cut = true;
    }
  }

  @Override
  public void remove(Metadata object) {
    byUid.remove(object.uid());
  }
}
