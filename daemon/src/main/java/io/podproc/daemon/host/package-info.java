// SPDX-License-Identifier: Apache-2.0
/**
 * The node's own /proc and /sys: the real files, read for all callers alike. Knows files of the
 * kernel, and no caller.
 */
@NullMarked
package io.podproc.daemon.host;

import org.jspecify.annotations.NullMarked;
