// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import java.util.Optional;

/** The mounted tree. */
public interface Mount extends AutoCloseable {
  /** Says that this daemon lives, to whoever may doubt it. To be called each second. */
  void heartbeat();

  /**
   * Whether anybody is served, or will be: false once the mount is gone, from outside as well, and
   * no container has a file of it.
   */
  boolean serves();

  /** Whether it is this daemon that serves it now, and not one that it stands by. */
  boolean hasTurn();

  /** The process whose turn it is, where it is not this one's; empty where that is not known. */
  Optional<String> turnHolder();

  /**
   * Whether somebody else holds the connection: then the files last when this daemon ends, and wait
   * for the next.
   */
  boolean isKept();

  /** Takes it from the node. Who has files of it is served on. */
  void unmount() throws MountException;

  /** Stops serving. */
  @Override
  void close();

  /** Whether another daemon stands by, to go on with it. */
  boolean hasSuccessor();
}
