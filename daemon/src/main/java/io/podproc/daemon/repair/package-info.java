// SPDX-License-Identifier: Apache-2.0
/**
 * Mounts in running containers: those whose daemon is gone are exchanged for live ones, or taken
 * away, from outside and with none of the container's programs.
 */
@NullMarked
package io.podproc.daemon.repair;

import org.jspecify.annotations.NullMarked;
