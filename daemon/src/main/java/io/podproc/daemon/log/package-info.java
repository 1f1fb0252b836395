// SPDX-License-Identifier: Apache-2.0
/** What the daemon says on standard output. */
@NullMarked
package io.podproc.daemon.log;

import org.jspecify.annotations.NullMarked;
