// SPDX-License-Identifier: Apache-2.0
/**
 * Containers: which one a caller is in, and what must be remembered of each between reads. Knows
 * view, host and cgroup; nothing of how it is asked.
 *
 * <p><b>Life of a container.</b> A {@code Container} is made when a file is first read in it, and
 * let go when its cgroup is removed or its last thread ends. It holds descriptors, the CPU
 * accounts, and the load averages, which {@code LoadSampler} moves on every 5 s of measured time.
 * All of it can be lost: accounts then begin again at capacity × age − usage, averages and counts
 * at 0. With a run directory the next daemon finds it there.
 *
 * <p><b>A container is the outermost one.</b> What it makes or runs inside of itself is a part of
 * it, whatever its name: one container, one turn, one set of accounts. On a node that is itself a
 * container (kind), the daemon's own cgroup tells where the node ends. {@code Containers} has a
 * bound to how many are known, and {@code podproc_containers_evicted_total} counts those that are
 * forgotten; an open file keeps none ({@code ContainerView}).
 *
 * <p>Where no runtime's name is in a path, the first process of the caller's pid namespace tells
 * which container it is ({@code Inits}). It may walk through cgroups of its own, and name them as a
 * runtime does: the container is the lowest cgroup that it has been in since a file was first read.
 *
 * <p><b>Nobody who serves looks through a container.</b> How many cgroups, threads and names a
 * container has is its own choice. Its cgroup says how many threads there are. The sampler looks
 * for which these are, and in what state. The first look has a thread of its own ({@code Looks}),
 * and the first reader waits for it, 40 ms at most, one reader at a time. All other readers see
 * what was found last ({@code Census}). A walk goes by descriptors, not by paths, and to a bound of
 * levels, directories, threads and time ({@code TaskWalk}). Beyond that bound what is known holds,
 * and {@code podproc_looks_cut_total} counts it.
 *
 * <p>A container that used no CPU since the last sample costs one small read and no look at its
 * threads: no thread gets into another state without running soon before or after. {@code
 * LoadSampler} has the bounds of a round. What the node alone counts, interrupts and context
 * switches, begins for a container with its first look.
 *
 * <p><b>What a pod asks to be shown</b> comes through {@code delivery.ViewListener}. Each container
 * decides once, as it begins and when its pod's word changes ({@code Showing}), so that a read
 * looks nothing up. A thread that serves nobody looks for the container's name, where that matters.
 */
@NullMarked
package io.podproc.daemon.container;

import org.jspecify.annotations.NullMarked;
