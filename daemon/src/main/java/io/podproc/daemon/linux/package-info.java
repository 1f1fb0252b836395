// SPDX-License-Identifier: Apache-2.0
/** What of Linux the JDK has no method for, through java.lang.foreign. */
@NullMarked
package io.podproc.daemon.linux;

import org.jspecify.annotations.NullMarked;
