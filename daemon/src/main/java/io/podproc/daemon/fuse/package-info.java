// SPDX-License-Identifier: Apache-2.0
/**
 * The mounted tree: what it takes to mount, whether it answers, what lies beneath. A transport
 * serves it, from a package below, of which this one knows none.
 */
@NullMarked
package io.podproc.daemon.fuse;

import org.jspecify.annotations.NullMarked;
