// SPDX-License-Identifier: Apache-2.0
/**
 * The mounted tree: what it takes to mount, whether it answers, what lies beneath. A transport
 * serves it, from a package below, of which this one knows none.
 *
 * <p><b>Placeholders.</b> Before it mounts, the daemon lays links beneath its mount point, as
 * {@code proc/meminfo} to {@code /proc/meminfo}, one for each file that it serves and this kernel
 * has. The daemon may never be able to mount, or be gone, with its mount taken away by the keeper:
 * then a container that starts with those files finds the host's and does not wait. A daemon that
 * goes on with a mount lays beneath it the links that are missing. A disk that takes no links
 * causes a warning and nothing else.
 */
@NullMarked
package io.podproc.daemon.fuse;

import org.jspecify.annotations.NullMarked;
