// SPDX-License-Identifier: Apache-2.0
/**
 * The node's own /proc and /sys: the real files, read for all callers alike. Knows files of the
 * kernel, and no caller.
 *
 * <p>What the host's files say is the same for all callers, and is kept for 0.1 s.
 */
@NullMarked
package io.podproc.daemon.host;

import org.jspecify.annotations.NullMarked;
