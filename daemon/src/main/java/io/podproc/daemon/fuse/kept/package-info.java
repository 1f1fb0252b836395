// SPDX-License-Identifier: Apache-2.0
/**
 * A mount that outlives its daemon: the keepers that hold its connection, and whose turn it is to
 * serve. Knows the kernel's own protocol, which alone can do that.
 *
 * <p><b>The connection.</b> A FUSE connection lives as long as any process holds its {@code
 * /dev/fuse} descriptor. Whoever has the descriptor can read on, as the kernel sends FUSE_INIT
 * once. The daemon mounts with a keeper's descriptor, which it copies ({@code pidfd_getfd}). It has
 * further keepers hold the same connection ({@code FUSE_DEV_IOC_CLONE}), and writes into each
 * keeper's file which connection that is: the number of its device and the source of its mounts.
 *
 * <p><b>Keepers</b> ({@code podproc-keeper}) are some 1,200 lines of C that mostly sleep; {@code
 * keeper.c} says how they leave their pod. So what ends pods (SIGKILL, lack of memory, a runtime
 * that is restarted) ends no connection. On a cluster they are a DaemonSet of their own, so that
 * what ends the daemon's pod does not end the connection. A new keeper is there for ten seconds
 * before an old one goes; the daemon needs one second to have it hold the connection as well.
 *
 * <p><b>A lost daemon</b> (ADR 9). The keeper brings back the node's own files when no daemon has
 * shown signs of life for its patience (30 s), when keeper and daemon are both told to go, or when
 * nobody holds a connection any more. It takes the connection's mounts away, from the node first,
 * so that new pods find the placeholders, and lays the node's files in their place in all
 * containers. Then it ends the connection (fusectl). Whoever still waits gets an error, and nobody
 * waits for ever: not even a killed daemon one of whose threads waited for the daemon's own answer.
 * With 14 files in a container that took 2 to 3 ms, before each file was copied on its own. The
 * keeper has the turn meanwhile. It knows mounts by the number of their device, which no container
 * can choose, and by their source. {@code node_view.c} has the bounds of time and number, and
 * visits once more a namespace that was copied meanwhile or could not be entered.
 *
 * <p><b>Patience.</b> A keeper looks four times a second whether the daemon's file has changed. A
 * stuck daemon may hold the turn while somebody else ends the connection: then the next keeper
 * waits out its patience, and brings back the node's view all the same.
 */
@NullMarked
package io.podproc.daemon.fuse.kept;

import org.jspecify.annotations.NullMarked;
