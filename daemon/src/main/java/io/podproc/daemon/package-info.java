// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: what the daemon is made of, and its commands. May know everything, is known
 * by nobody, and alone knows Quarkus.
 */
@NullMarked
package io.podproc.daemon;

import org.jspecify.annotations.NullMarked;
