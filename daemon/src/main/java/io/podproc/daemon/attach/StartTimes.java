// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import java.time.Duration;

/** Is told how well containers are met as they start. */
public interface StartTimes {
  /**
   * Files were attached to one.
   *
   * @param beforeStart whether its program has not begun
   * @param sinceMade how long ago its cgroup was seen
   */
  void attached(boolean beforeStart, Duration sinceMade);

  /**
   * So long after the files the program began, or up to an eighth sooner; of those that had them
   * before.
   */
  void margin(Duration margin);
}
