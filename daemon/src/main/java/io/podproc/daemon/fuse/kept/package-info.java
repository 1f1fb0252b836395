// SPDX-License-Identifier: Apache-2.0
/**
 * A mount that outlives its daemon: the keepers that hold its connection, and whose turn it is to
 * serve. Knows the kernel's own protocol, which alone can do that.
 */
@NullMarked
package io.podproc.daemon.fuse.kept;

import org.jspecify.annotations.NullMarked;
