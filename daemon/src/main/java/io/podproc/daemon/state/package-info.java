// SPDX-License-Identifier: Apache-2.0
/**
 * What a daemon leaves to the one after it, and how its turn goes. Knows what is remembered of
 * containers, and readers wait for it: no library, and nobody who counts.
 *
 * <p>The file {@code state} of the run directory has loads, counts and CPU accounts, written every
 * 5 s and at a stop, and what each container was shown. Without it they begin anew. Nothing else
 * needs to be handed over: {@code fuse.kernel.Dispatcher} says why.
 */
@NullMarked
package io.podproc.daemon.state;

import org.jspecify.annotations.NullMarked;
