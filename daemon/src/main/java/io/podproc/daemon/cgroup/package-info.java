// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernel accounts to a cgroup, the same facts whether it is of version 1, 2 or a hybrid.
 * Knows files of the kernel, and no container.
 *
 * <p>A container's limits are read at each read, so that a resized container shows its new size at
 * once. The limits of the cgroups above it, which containers have in common, are read once a second
 * ({@code Ancestor}).
 */
@NullMarked
package io.podproc.daemon.cgroup;

import org.jspecify.annotations.NullMarked;
