// SPDX-License-Identifier: Apache-2.0
/**
 * What the daemon says on standard output, and how what others have named is written there. Knows
 * JBoss Logging, and alone does.
 *
 * <p>Mounts, cgroups and processes have any names. The log, the commands and the health pages write
 * out what moves a cursor, begins a line or turns letters around ({@code OneLine}). The keeper does
 * so in {@code say}.
 */
@NullMarked
package io.podproc.daemon.log;

import org.jspecify.annotations.NullMarked;
