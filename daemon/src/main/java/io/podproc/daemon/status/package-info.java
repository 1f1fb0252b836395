// SPDX-License-Identifier: Apache-2.0
/**
 * What this daemon tells of itself and of the node: to the kubelet and Prometheus over HTTP, and to
 * people, who ask by the program {@code podproc}. May know all that it tells of, and is known by
 * who composes.
 */
@NullMarked
package io.podproc.daemon.status;

import org.jspecify.annotations.NullMarked;
