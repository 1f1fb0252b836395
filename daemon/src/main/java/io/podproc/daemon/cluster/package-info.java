// SPDX-License-Identifier: Apache-2.0
/**
 * What the cluster is told of this node, and asked: pods, namespaces, whether the DaemonSet goes.
 * Alone in knowing the API server; knows nothing of containers.
 */
@NullMarked
package io.podproc.daemon.cluster;

import org.jspecify.annotations.NullMarked;
