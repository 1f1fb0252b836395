// SPDX-License-Identifier: Apache-2.0
/**
 * The daemon as its users meet it: a process, a mount, containers and the tools that run in them.
 */
@NullMarked
package io.podproc.e2e;

import org.jspecify.annotations.NullMarked;
