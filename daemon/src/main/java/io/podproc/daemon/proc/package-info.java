// SPDX-License-Identifier: Apache-2.0
/**
 * The virtual files below /proc: one class each, {@code read} fetches and {@code render} is pure.
 * Knows a view, and no file, clock or environment.
 */
@NullMarked
package io.podproc.daemon.proc;

import org.jspecify.annotations.NullMarked;
