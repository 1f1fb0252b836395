// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

/** What came of a mount. */
public enum Result {
  /** What was wanted is seen in its place, and it is gone. */
  DONE,
  /** What was wanted lies on it. */
  STACKED,
  /** There is nothing to be done any more: its container has ended, or something lies on it. */
  GONE,
  /** It is as it was. */
  FAILED;

  /** Whether what was wanted is seen now. */
  public boolean isDone() {
    return this == DONE || this == STACKED;
  }
}
