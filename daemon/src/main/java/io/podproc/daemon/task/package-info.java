// SPDX-License-Identifier: Apache-2.0
/**
 * What is done again and again, and what is thrown and survived. Knows clocks and executors, and
 * nothing of what is done.
 */
@NullMarked
package io.podproc.daemon.task;

import org.jspecify.annotations.NullMarked;
