// SPDX-License-Identifier: Apache-2.0
/**
 * What of Linux the JDK has no method for, through java.lang.foreign. Knows the JDK alone; who
 * calls it knows no number of a system call.
 *
 * <p><b>What a kernel lacks</b> is found out by trying. {@code Lack} has all of it, with what is
 * done instead.
 */
@NullMarked
package io.podproc.daemon.linux;

import org.jspecify.annotations.NullMarked;
