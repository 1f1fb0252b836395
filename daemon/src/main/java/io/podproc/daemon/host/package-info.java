// SPDX-License-Identifier: Apache-2.0
/** The node's own /proc and /sys: the real files, read for all callers alike. */
@NullMarked
package io.podproc.daemon.host;

import org.jspecify.annotations.NullMarked;
