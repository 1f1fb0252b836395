// SPDX-License-Identifier: Apache-2.0
/**
 * What the daemon says on standard output, and how what others have named is written there. Knows
 * JBoss Logging, and alone does.
 */
@NullMarked
package io.podproc.daemon.log;

import org.jspecify.annotations.NullMarked;
