// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import java.util.List;
import java.util.OptionalLong;

/**
 * A container's load: averages and states of threads when it was last sampled.
 *
 * @param averages over 1, 5 and 15 minutes, in the kernel's fixed-point numbers (11 bits of
 *     fraction, include/linux/sched/loadavg.h)
 * @param running threads that ran or could have run, R
 * @param blocked threads in uninterruptible sleep, D
 * @param total threads in all
 * @param forks how many threads were started, as far as is known: the largest pid that a sample
 *     found, in the container's own numbering
 * @param lastPid no less than any pid that lives, in that numbering
 */
public record Load(
    List<Long> averages, int running, int blocked, int total, int forks, int lastPid) {
  private static final int LARGEST_PID = (1 << 22) - 1; // PID_MAX_LIMIT

  /**
   * The same as of now: all threads that there are, and no states of more than that.
   *
   * @param tasks in the container; empty where that is not counted
   * @param pids that were given out since the sample, at most
   */
  public Load now(OptionalLong tasks, int pids) {
    int count = tasks.isPresent() ? (int) Math.min(tasks.getAsLong(), LARGEST_PID) : total;
    int ran = Math.min(running, count);
    return new Load(
        averages,
        ran,
        Math.min(blocked, count - ran),
        count,
        forks,
        (int) Math.min((long) forks + pids, LARGEST_PID));
  }
}
