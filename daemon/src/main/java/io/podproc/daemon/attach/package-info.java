// SPDX-License-Identifier: Apache-2.0
/**
 * Our mounts in running containers, from outside and with none of the container's programs: files
 * are attached and detached, and those whose daemon is gone are exchanged for live ones. Knows
 * nothing of the cluster but what {@code delivery} wants.
 *
 * <p><b>Attach.</b> {@code Attach} enters a container once for all its files. The files are
 * private, read-only clones, id-mapped where the container has a user namespace. They say {@code
 * noatime}, which changes nothing and which no runtime says. That tells them from files of a volume
 * for as long as the mount lasts; repair and keeper keep it. What is mounted at a target already
 * ({@code EXDEV}) is ours or the user's, and stays, so there is never a second layer. Two may look
 * at once, as a daemon and somebody by hand: then one waits, as a visit has the kernel's lock on
 * the mount namespace (flock(2) of nsfs's file). A container can take that lock, too, which costs
 * itself its files.
 *
 * <p><b>Guard.</b> {@code Guard} attaches nothing unless all of this is true. The process is in the
 * container's cgroup, and in a mount namespace and on a root that are not the node's. Something of
 * its pod is mounted there, which tells containers from sandboxes. Its {@code /proc} is a procfs,
 * from its root on, that is neither shared nor the node's. It sees no more than 4096 mounts: of
 * more, none is looked at. Of its {@code /sys} the same must be true, or it gets files of {@code
 * /proc} alone; {@code NodesOwn} says when a sysfs is the node's.
 *
 * <p><b>Privileged containers</b>, and those with {@code CAP_SYS_ADMIN} or nothing masked, get
 * files where their pod asks for it. Where nothing of {@code /proc} is masked, a procfs and a sysfs
 * that nothing covers are kept in {@code /dev/.podproc}, where only the container's root can look;
 * {@code OurMounts} says why. A masked container gets none, as that would undo its masks. What a
 * nested container mounts shows the node.
 *
 * <p><b>Starts.</b> {@code Starts} watches, by inotify, the folders that the kubelet makes for
 * tiers and pods. It first watches and then looks, so that it misses nothing. It watches nothing
 * that a container makes; one fanotify mark on the file system would see all of that. Where events
 * are lost or limits are reached, it looks through all folders, each minute or each second. Each
 * start has a thread of its own. That thread waits until the runtime's "create" has ended (a
 * descriptor of the process), the container waits at its pipe, or its program has begun ({@code
 * PF_FORKNOEXEC}). Then it enters by itself: one thread has to be woken, not two. It asks for real
 * time, else for a short slice (Linux 6.12). A daemon that begins exercises the way to a container
 * ({@code WarmUp}) beside its watching. {@code e2e/bench/attach} measures how much time is left
 * before programs begin, or how late the files are.
 *
 * <p><b>Repair</b> is for when the connection is gone. When a daemon begins to serve, and again two
 * minutes later, {@code Search} reads the {@code mountinfo} of one process of each mount namespace.
 * A mount of type {@code fuse.podproc} is ours if its source is our mount point. It is dead if its
 * device is not that of the live mount. So no path is touched, and other podprocs on the node are
 * left alone. Read-only binds of the host's procfs and sysfs files over the very same paths are
 * placeholders, on which a container started, and repair exchanges these as well.
 *
 * <p>For each namespace a thread of its own copies the live files ({@code open_tree}), enters
 * ({@code setns}, see {@code MountVisit}), puts them beneath what is there ({@code move_mount} with
 * {@code MOVE_MOUNT_BENEATH}, Linux 6.5), and takes that away ({@code umount2}). A descriptor holds
 * the mount that is meant, and its id is compared, so that nothing else is hit. Before Linux 6.5,
 * and over mounts that a user namespace has locked, the live file is laid on top and the dead one
 * stays beneath. Where the dead mount was id-mapped, as the runtime does for a pod with a user
 * namespace ({@code hostUsers: false}, Linux 6.12), the live one is mapped to that namespace as
 * well ({@code mount_setattr}): the files belong to the container's root again. {@code
 * Repair.release} takes our mounts away in the same manner, and the container's own files, which
 * lie beneath, are seen again.
 *
 * <p><b>No file system of a container is asked for anything</b>, as it may never answer: whoever
 * waited would keep lock and port even when killed. A path is looked up by what the kernel has in
 * its cache alone ({@code openat2} with {@code RESOLVE_CACHED}), as far as the container's procfs
 * or sysfs, which answer. The mountinfo tells what is mounted where, and of which type. Where the
 * cache does not do (images that are read from a network), the root is asked if the node itself has
 * it mounted. Else the container is left alone, and the log says so.
 */
@NullMarked
package io.podproc.daemon.attach;

import org.jspecify.annotations.NullMarked;
