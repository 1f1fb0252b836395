// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: what the daemon is made of, and its commands. May know everything, is known
 * by nobody, and alone knows Quarkus.
 *
 * <p><b>Inode numbers never change.</b> Bind mounts in running pods pin them. {@code VirtualFiles}
 * assigns them, and a test holds them.
 *
 * <p><b>Readers wait for a start</b>, so a start does little. The daemon is one jar with an AOT
 * cache, which is trained on a start that goes on where another daemon stopped. The code avoids
 * what the JVM has to generate first where plain code does: method handles, the {@code equals} of a
 * record. The state is read while system calls are linked. A daemon that goes on with a mount does
 * nothing but answer for a moment ({@code KeptMount.HEAD_START}). Only then it lays the
 * placeholders of files that the daemon before did not know, and begins the log, HTTP, the metrics
 * and Quarkus. The metrics have counted from the first request.
 *
 * <p><b>The last daemon releases its containers</b> ({@code ReleaseOnStop}). A daemon that is told
 * to stop, with no other standing by, asks for its DaemonSet, for 2 s at most, and serves on
 * meanwhile. If the DaemonSet is gone or going, the daemon unmounts the node's mount, so that new
 * containers find the placeholders. Then it takes the files from running containers, within 16 s,
 * and stops. Helm deletes Role and ServiceAccount in the same second as the DaemonSet, and no hook
 * of Helm's would wait: so where the question is refused (401, 403), keepers that end within 5 s
 * say the same. After any other failure to ask, the stop is an ordinary one, with a line that says
 * so.
 *
 * <p>A daemon that is told to stop together with its keepers (within 0.25 s), and has no successor,
 * gives its containers the node's files while it still serves.
 *
 * <p>By hand, {@code daemon/bin/podproc-daemon attach} does for one container what the daemon would
 * do ({@code AttachCommand}). It is for root in the host's pid namespace, and is told a pid.
 */
@NullMarked
package io.podproc.daemon;

import org.jspecify.annotations.NullMarked;
