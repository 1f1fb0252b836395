// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Collection;

/** Who keeps what a {@link Watch} tells. Called on its thread alone. */
public interface ObjectStore {
  /** All there are: what is not among them is gone. */
  void all(Collection<Metadata> objects);

  /**
   * Some of more than are taken: of what is not among them nothing is known. For who concludes
   * nothing from what is missing, they are all.
   */
  default void some(Collection<Metadata> objects) {
    all(objects);
  }

  /** One that is new, or has changed. */
  void put(Metadata object);

  void remove(Metadata object);
}
