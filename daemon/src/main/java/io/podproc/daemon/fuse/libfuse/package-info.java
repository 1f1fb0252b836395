// SPDX-License-Identifier: Apache-2.0
/**
 * The same tree through libfuse 2. Alone in knowing jnr-fuse; knows nothing of keepers.
 *
 * <p>It is there for kernels and policies where the protocol of our own fails (ADR 8). {@code
 * FuseAdapter.answer} is the one place where what is thrown becomes an errno. Requests are answered
 * in the order in which the kernel hands them out.
 */
@NullMarked
package io.podproc.daemon.fuse.libfuse;

import org.jspecify.annotations.NullMarked;
