// SPDX-License-Identifier: Apache-2.0
/**
 * What the cluster is told of this node, and asked about this daemon. The only package that knows
 * the API server.
 */
@NullMarked
package io.podproc.daemon.cluster;

import org.jspecify.annotations.NullMarked;
