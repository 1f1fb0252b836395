// SPDX-License-Identifier: Apache-2.0
/**
 * The transport: mount, serve, stop. A caller's thread id and a path come in, bytes go out. The
 * only package that knows jnr-fuse.
 */
@NullMarked
package io.podproc.daemon.fuse;

import org.jspecify.annotations.NullMarked;
