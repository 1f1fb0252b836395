// SPDX-License-Identifier: Apache-2.0
/**
 * The virtual files below /proc: one class each, {@code read} fetches and {@code render} is pure.
 * Knows a view, and no file, clock or environment.
 *
 * <p>In {@code meminfo}, free ≤ available ≤ total.
 */
@NullMarked
package io.podproc.daemon.proc;

import org.jspecify.annotations.NullMarked;
