// SPDX-License-Identifier: Apache-2.0
/**
 * What this daemon tells of itself and of the node: to the kubelet and Prometheus over HTTP, and to
 * people, who ask by the program {@code podproc}. May know all that it tells of, and is known by
 * who composes.
 *
 * <p><b>Nobody keeps the kubelet from its answer.</b> Whoever reaches a port may connect. So each
 * newcomer has room in {@code StatusServer}: where there are too many connections, whoever came
 * first of the address with most of them gives way (8 of one address, 48 in all). A head has 2 s,
 * an answer 5 s to be taken. A page is made for all who wait, at most 20 times a second ({@code
 * SharedPage}). The kubelet has a port of its own, where the addresses of the node ({@code
 * /proc/1/net}) have room that nobody else can take; the chart's NetworkPolicy opens that port to
 * nobody. Kubelets speak TCP to a pod's address, or start a process in the pod for each probe, of
 * which runc's part alone takes 16 ms of CPU.
 *
 * <p><b>Alive is who answers</b> ({@code Health}). A daemon fails its liveness if it has the turn,
 * no file can be read through its mount in time, and it answered nobody else meanwhile. It is
 * started again beside its keeper. A daemon that stands by while nobody serves for 30 s fails as
 * well, and says which process has the turn.
 *
 * <p><b>Commands.</b> {@code podproc} ({@code daemon/src/main/c/podproc.c}) asks at a socket in the
 * run directory ({@code CommandSocket}), sixteen clients at a time at most. Nothing of what it asks
 * serves readers. What is remembered of containers is the copy that the next daemon would get
 * ({@code container.Snapshot}). Limits are read from descriptors that are opened for the answer,
 * mounts from {@code mountinfo} ({@code attach.Origins}). Reasons are the last that {@code
 * delivery} had. Where no daemon answers, {@code podproc doctor} becomes {@code podproc-daemon
 * doctor}.
 *
 * <p><b>The page for people</b> ({@code NodePage}) is three files in the jar. {@code /ps} and
 * {@code /explain/PID} are what {@code podproc -o json} is told, on a {@code StatusServer} with a
 * thread of its own and bounds as for metrics; four are explained at a time.
 */
@NullMarked
package io.podproc.daemon.status;

import org.jspecify.annotations.NullMarked;
