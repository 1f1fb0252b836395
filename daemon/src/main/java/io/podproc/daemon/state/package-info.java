// SPDX-License-Identifier: Apache-2.0
/**
 * What a daemon leaves to the one after it, and how its turn goes. Knows what is remembered of
 * containers, and readers wait for it: no library, and nobody who counts.
 */
@NullMarked
package io.podproc.daemon.state;

import org.jspecify.annotations.NullMarked;
