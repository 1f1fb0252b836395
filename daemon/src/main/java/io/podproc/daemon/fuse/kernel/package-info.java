// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's own protocol (linux/fuse.h): a connection, its requests and their answers, and the
 * threads that serve them, each container in its turn. Knows nothing of keepers.
 *
 * <p>{@code Dispatcher.answer} is the one place where what is thrown becomes an errno.
 *
 * <p><b>Two threads serve.</b> What a request costs is above all the waking of its server, and more
 * servers would take turns at being woken. Answers are short, so that two suffice.
 *
 * <p><b>Each container gets its turn.</b> Where requests of several containers queue, the threads
 * that serve take them over from the kernel and answer each container's in turn ({@code Backlog}).
 * Where a container is alone, that costs nothing, unless many of its requests wait ({@code
 * KernelServer.MANY}): they are taken over as well, so that who comes next finds a short queue. To
 * take a request over costs some 3 µs and 100 bytes. To keep it at that, nobody looks where its
 * thread is. The open file that it reads tells the owner, or for whom its thread asked within the
 * last second ({@code RequestOwners}). Else the owner is looked for later, apart from those whose
 * turn it is. Whatever a container can ask for takes a turn, also what is refused. A container may
 * have as many requests waiting as there is room left for all others: 32,768 of 65,536 where it is
 * alone. Beyond that it gets EAGAIN ({@code podproc_requests_refused_total}).
 *
 * <p><b>SELinux.</b> Where it is on, the mount gets a label ({@code SelinuxContext}): by default
 * {@code container_file_t} without categories, which all containers may read. The policies of
 * container-selinux and of refpolicy let containers read files of FUSE without it; others need not.
 * A label that the kernel refuses is left out, and the log says so.
 */
@NullMarked
package io.podproc.daemon.fuse.kernel;

import org.jspecify.annotations.NullMarked;
