// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.kernel.MountInfo.Mount;

/**
 * A mount that has to do with podproc.
 *
 * @param file what is mounted, as {@code /proc/meminfo}; {@code /} for the whole tree
 * @param covered whether another of these lies on it
 */
public record Finding(Mount mount, String file, State state, boolean covered) {
  /** Where the container has it. */
  public String point() {
    return mount.point();
  }

  boolean isOurs() {
    return state != State.PLACEHOLDER;
  }
}
