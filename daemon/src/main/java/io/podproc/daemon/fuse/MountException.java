// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

/** The tree can't be mounted. The message is one line that says why, and what to do. */
public final class MountException extends Exception {
  private static final long serialVersionUID = 1;

  public MountException(String message) {
    super(message);
  }
}
