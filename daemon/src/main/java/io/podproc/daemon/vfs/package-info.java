// SPDX-License-Identifier: Apache-2.0
/**
 * Paths, open files, offsets and the fallback. Knows nothing of what the files say.
 *
 * <p>{@code Opener} never falls back where podproc itself is short of descriptors or memory, or
 * nothing can be read at all ({@code linux.ExhaustedException}). An open file then says again what
 * it said last; if it has said nothing yet, its reader gets an error.
 *
 * <p>Open files keep few texts ({@code KeptTexts}). Of a file whose text was let go the length
 * stays, which tells the end. A reader that reads on there gets a new text; no other reader
 * notices.
 */
@NullMarked
package io.podproc.daemon.vfs;

import org.jspecify.annotations.NullMarked;
