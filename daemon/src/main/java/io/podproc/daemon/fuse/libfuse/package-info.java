// SPDX-License-Identifier: Apache-2.0
/** The same tree through libfuse 2. Alone in knowing jnr-fuse; knows nothing of keepers. */
@NullMarked
package io.podproc.daemon.fuse.libfuse;

import org.jspecify.annotations.NullMarked;
