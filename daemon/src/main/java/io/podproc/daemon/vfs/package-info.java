// SPDX-License-Identifier: Apache-2.0
/** Paths, open files, offsets and the fallback. Knows nothing of what the files say. */
@NullMarked
package io.podproc.daemon.vfs;

import org.jspecify.annotations.NullMarked;
