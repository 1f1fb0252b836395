// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

/** Is told of a daemon's turn to serve a mount that others have served or will. */
public interface Turn {
  /** How it came about. */
  enum Kind {
    /** Nothing was mounted. */
    MOUNTED,
    /** The daemon before it left in good order: it had answered all that it had read. */
    HANDED_OVER,
    /** The daemon before it died. */
    TAKEN_OVER
  }

  /** The first request has not been read yet. */
  void begins(Kind kind);

  /** Requests are answered now. */
  void serves();

  /** So many keepers hold the connection now. */
  void keepers(int count);

  /** The last request has been answered. */
  void ends();

  /** It came and could not be taken. */
  void failed(Exception reason);
}
