// SPDX-License-Identifier: Apache-2.0
/**
 * Which containers of this node should have which files, and when that is looked at. What a
 * container is, and how a file gets into it, is told by {@link
 * io.podproc.daemon.delivery.Attacher}.
 */
@NullMarked
package io.podproc.daemon.delivery;

import org.jspecify.annotations.NullMarked;
