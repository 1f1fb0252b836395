// SPDX-License-Identifier: Apache-2.0
/**
 * Containers: which one a caller is in, and what must be remembered of each between reads. Knows
 * view, host and cgroup; nothing of how it is asked.
 */
@NullMarked
package io.podproc.daemon.container;

import org.jspecify.annotations.NullMarked;
