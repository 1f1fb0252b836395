// SPDX-License-Identifier: Apache-2.0
/**
 * What of Linux the JDK has no method for, through java.lang.foreign. Knows the JDK alone; who
 * calls it knows no number of a system call.
 *
 * <p><b>What a kernel lacks</b> is found out by trying. The log says it once, at the start, with
 * what is done instead. On a kernel that lacks one of these:
 *
 * <ul>
 *   <li>{@code pidfd_getfd} (Linux 5.6): keepers are of no use, and the files end with the daemon.
 *   <li>{@code RESOLVE_CACHED}, {@code mount_setattr} (5.12): of a container's file systems only
 *       those are asked that the node has mounted. Other containers are not repaired, and nothing
 *       is attached where a mount can't be made read-only.
 *   <li>{@code MOVE_MOUNT_BENEATH} (6.5): repair lays live files on dead ones, which stay beneath.
 *   <li>{@code FUSE_NOTIFY_RESEND} (6.9): each daemon serves through a descriptor of its own, and
 *       what a killed one has in hand ends with an error.
 *   <li>{@code FUSE_PASSTHROUGH} (6.9): a program that maps a file privately is killed by SIGBUS.
 *   <li>{@code FUSE_ALLOW_IDMAP} (6.12): in pods with {@code hostUsers: false} files that the node
 *       attaches belong to nobody, as the kernel's own do, and volumes can't be mounted. Where such
 *       pods are asked for, the daemon that mounts says so, as the kernel sends FUSE_INIT to no
 *       other.
 * </ul>
 */
@NullMarked
package io.podproc.daemon.linux;

import org.jspecify.annotations.NullMarked;
