// SPDX-License-Identifier: Apache-2.0
/**
 * Our mounts in running containers, from outside and with none of the container's programs: files
 * are attached and detached, and those whose daemon is gone are exchanged for live ones. Knows
 * nothing of the cluster but what {@code delivery} wants.
 */
@NullMarked
package io.podproc.daemon.attach;

import org.jspecify.annotations.NullMarked;
