// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's own protocol (linux/fuse.h): a connection, its requests and their answers, and the
 * threads that serve them, each container in its turn. Knows nothing of keepers.
 */
@NullMarked
package io.podproc.daemon.fuse.kernel;

import org.jspecify.annotations.NullMarked;
