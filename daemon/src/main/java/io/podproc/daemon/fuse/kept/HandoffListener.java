// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import java.time.Duration;

/** Is told of a daemon's turn to serve a mount that others have served or will. */
public interface HandoffListener {
  /** How it came about. */
  enum Kind {
    /** Nothing was mounted. */
    MOUNTED,
    /** The daemon before it left in good order: it had answered all that it had read. */
    HANDED_OVER,
    /** The daemon before it died. */
    TAKEN_OVER
  }

  /** It has come: no other daemon serves any more, and this one not yet. */
  void comes();

  /**
   * The first request has not been read yet.
   *
   * @param unserved for how long nobody has served, at most: so long may a reader have waited
   */
  void begins(Kind kind, Duration unserved);

  /** Requests are answered now. */
  void serves();

  /** So many keepers hold the connection now. */
  void keepers(int count);

  /** The last request has been answered. */
  void ends();

  /** It came and could not be taken. */
  void failed(Throwable reason);
}
