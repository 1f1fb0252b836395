// SPDX-License-Identifier: Apache-2.0
/**
 * Text files of the kernel: how they are read, and the formats that many of them share. The names
 * of the formats are those of Documentation/admin-guide/cgroup-v2.rst. Knows bytes and descriptors;
 * nothing of what the files say.
 */
@NullMarked
package io.podproc.daemon.kernel;

import org.jspecify.annotations.NullMarked;
