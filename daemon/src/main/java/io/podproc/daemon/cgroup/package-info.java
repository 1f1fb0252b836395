// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernel accounts to a cgroup, the same facts whether it is of version 1, 2 or a hybrid.
 * Knows files of the kernel, and no container.
 */
@NullMarked
package io.podproc.daemon.cgroup;

import org.jspecify.annotations.NullMarked;
