// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.Closeable;
import java.time.Duration;

/** A process whose end is waited for, by a descriptor of it (pidfd_open(2), Linux 5.3). */
public final class WatchedProcess implements Closeable {
  private final int descriptor;

  /**
   * @throws SystemCallException ESRCH: there is none
   */
  public WatchedProcess(int pid) throws SystemCallException {
    descriptor = SystemCalls.ofThread().processes().pidfd(pid);
    if (descriptor < 0) {
      throw new SystemCallException("pidfd_open", -descriptor);
    }
  }

  /** Whether it has ended within a time. */
  public boolean ends(Duration most) {
    return SystemCalls.ofThread().awaitReadable(new int[] {descriptor}, most.toNanos())[0];
  }

  @Override
  public void close() {
    int _ = SystemCalls.ofThread().close(descriptor);
  }
}
