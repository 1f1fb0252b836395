// SPDX-License-Identifier: Apache-2.0
/** The virtual files below /sys. */
@NullMarked
package io.podproc.daemon.sys;

import org.jspecify.annotations.NullMarked;
