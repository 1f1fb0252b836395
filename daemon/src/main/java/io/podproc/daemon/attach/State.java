// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

/** What a mount in a container is now. */
public enum State {
  /** A file of the mount that is served. */
  LIVE,
  /** A file of ours whose daemon is gone. */
  DEAD,
  /** The host's own file, which a pod found at our mount point while no daemon served. */
  PLACEHOLDER,
  /** A procfs or sysfs of the container's own that is kept uncovered beside files of ours. */
  SPARE
}
