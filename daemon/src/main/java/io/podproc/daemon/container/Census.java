// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import java.time.Duration;

/**
 * What a look at all threads of a container found. Immutable: whoever reads it waits for nobody who
 * makes the next.
 *
 * @param usedNanos CPU time that the container had used before
 * @param oldest the thread that began first, in the host's numbering; 0 where there is none
 * @param start when that was, counted from the host's boot
 * @param running threads in state R
 * @param blocked threads in state D
 * @param total threads in all
 * @param lastPid the youngest thread's number in the container's pid namespace, 0 where it ended
 * @param nodePid the largest pid that had been given out before in the daemon's pid namespace
 */
record Census(
    long usedNanos,
    int oldest,
    Duration start,
    int running,
    int blocked,
    int total,
    int lastPid,
    int nodePid) {
  /** What another daemon left, which looked at other CPU time: it is looked at again. */
  static final long NOT_USED = -1;
}
