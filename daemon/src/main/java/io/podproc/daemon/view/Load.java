// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import java.util.List;

/**
 * A container's load when it was last sampled.
 *
 * @param averages over 1, 5 and 15 minutes, in the kernel's fixed-point numbers (11 bits of
 *     fraction, include/linux/sched/loadavg.h)
 * @param running threads that ran or could have run, R
 * @param blocked threads in uninterruptible sleep, D
 * @param total threads in all
 * @param lastPid the largest pid given out so far that podproc knows of, in the container's own
 *     numbering
 */
public record Load(List<Long> averages, int running, int blocked, int total, int lastPid) {}
