// SPDX-License-Identifier: Apache-2.0
/**
 * What the cluster is told of this node, and asked: pods, namespaces, whether the DaemonSet goes.
 * Alone in knowing the API server; knows nothing of containers.
 *
 * <p>Nothing waits for the cluster. A stop gives {@code NodeLabel} one second, after the
 * unmounting. The label that a killed daemon leaves is a preference: what a pod can rely on are the
 * placeholders.
 *
 * <p>{@code WatchSchedule} says what a watch asks for, and when. After a failure it waits twice as
 * long each time, up to four minutes; where nobody listens, it tries again each second.
 */
@NullMarked
package io.podproc.daemon.cluster;

import org.jspecify.annotations.NullMarked;
