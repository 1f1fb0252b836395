// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.repair;

/** What a mount in a container is now. */
public enum Kind {
  /** A file of the mount that is served. */
  LIVE,
  /** A file of ours whose daemon is gone. */
  DEAD,
  /** The host's own file, which a pod found at our mount point while no daemon served. */
  SEED
}
