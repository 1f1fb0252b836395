// SPDX-License-Identifier: Apache-2.0
/** A kernel made of plain files, for tests that need one the way they say. */
@NullMarked
package io.podproc.daemon.fake;

import org.jspecify.annotations.NullMarked;
