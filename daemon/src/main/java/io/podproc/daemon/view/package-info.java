// SPDX-License-Identifier: Apache-2.0
/**
 * All that a virtual file may see of the host and of its caller's container. Knows host, cgroup and
 * the rules of what is shown; nobody who serves.
 */
@NullMarked
package io.podproc.daemon.view;

import org.jspecify.annotations.NullMarked;
