// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Collection;

/** Who keeps what a {@link Watch} tells. Called on its thread alone. */
public interface ObjectStore {
  /** All there are: what is not among them is gone. */
  void all(Collection<Metadata> objects);

  /** One that is new, or has changed. */
  void put(Metadata object);

  void remove(Metadata object);
}
