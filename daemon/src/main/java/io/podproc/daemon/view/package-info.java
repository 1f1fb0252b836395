// SPDX-License-Identifier: Apache-2.0
/** All that a virtual file may see of the host and of its caller's container. */
@NullMarked
package io.podproc.daemon.view;

import org.jspecify.annotations.NullMarked;
