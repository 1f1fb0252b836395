// SPDX-License-Identifier: Apache-2.0
/**
 * The virtual files below /sys, as those of /proc. Knows a view, and no file, clock or environment.
 */
@NullMarked
package io.podproc.daemon.sys;

import org.jspecify.annotations.NullMarked;
