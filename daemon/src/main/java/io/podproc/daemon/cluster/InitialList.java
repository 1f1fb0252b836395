// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The objects with which a watch begins, one event each, until it is told that these are all. */
final class InitialList implements ObjectStore {
  private final int most;
  private final Map<String, Metadata> byUid = new HashMap<>();

  /**
   * @param most how many are taken
   */
  InitialList(int most) {
    this.most = most;
  }

  Collection<Metadata> objects() {
    return byUid.values();
  }

  @Override
  public void all(Collection<Metadata> objects) {
    throw new IllegalStateException();
  }

  @Override
  public void put(Metadata object) {
    if (byUid.size() < most) {
      byUid.put(object.uid(), object);
    }
  }

  @Override
  public void remove(Metadata object) {
    byUid.remove(object.uid());
  }
}
