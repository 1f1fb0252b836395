// SPDX-License-Identifier: Apache-2.0
/**
 * Which containers of this node should have which files, and when that is looked at. Knows what the
 * cluster tells, and the rules; what a container is, and how a file gets into it, is told by {@link
 * io.podproc.daemon.delivery.Attacher}.
 *
 * <p><b>What is not known is left as it is.</b> Nothing is taken from a container unless the API
 * server said of its pod and namespace that they do not want it. Nothing follows from a pod that is
 * not listed any more, from an empty answer, from a list that is cut short, or from a daemon that
 * has just started.
 *
 * <p><b>What was known holds</b>, also in the next daemon. The file {@code delivery} in the run
 * directory has, by the uid of pods, what they should have; it is written before anything is
 * attached. What pods asked to be shown is its head, and what containers were shown is in {@code
 * state}: the next daemon reads both before it serves, and shows the same.
 *
 * <p>A static pod is known by its mirror pod ({@code Pod}). Without a right to watch, the names of
 * namespaces are a setting ({@code FolderSource}).
 */
@NullMarked
package io.podproc.daemon.delivery;

import org.jspecify.annotations.NullMarked;
