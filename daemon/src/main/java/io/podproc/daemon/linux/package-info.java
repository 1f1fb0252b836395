// SPDX-License-Identifier: Apache-2.0
/**
 * What of Linux the JDK has no method for, through java.lang.foreign. Knows the JDK alone; who
 * calls it knows no number of a system call.
 */
@NullMarked
package io.podproc.daemon.linux;

import org.jspecify.annotations.NullMarked;
