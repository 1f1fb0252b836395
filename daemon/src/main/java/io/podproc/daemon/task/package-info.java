// SPDX-License-Identifier: Apache-2.0
/**
 * What is done again and again, and what is thrown and survived. Knows clocks and executors, and
 * nothing of what is done.
 *
 * <p>Requests survive what they throw as well: their callers get EIO. {@code
 * podproc_task_failures_total} counts what was thrown, by task. The sign of life has a thread that
 * does nothing else. A daemon that has long given none, or taken no sample, is not alive.
 *
 * <p>{@code OldGeneration} is tended once a minute at most.
 */
@NullMarked
package io.podproc.daemon.task;

import org.jspecify.annotations.NullMarked;
