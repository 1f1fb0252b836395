// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many descriptors are open for reading. Some are always left, for what must not fail: a file
 * that is read once, a walk, a connection, a mount.
 */
final class Descriptors {
  /**
   * Sockets of HTTP and of the API server, the jar, the log, FUSE and its keepers; some to spare.
   */
  private static final int RESERVE = 256;

  private static final AtomicInteger OPEN = new AtomicInteger();

  /** Asked when it is first needed: the JVM raises it as it begins. */
  private static final class Limit {
    static final long KEPT = kept(SystemCalls.ofThread().processes().descriptorLimit());
  }

  private Descriptors() {}

  /** How many of so many may be kept open. */
  static long kept(long limit) {
    return Math.max(limit - RESERVE, limit / 2);
  }

  static void opened() {
    OPEN.incrementAndGet();
  }

  static void closed() {
    OPEN.decrementAndGet();
  }

  /** Whether what was opened last is to be closed after use, and opened again when it is needed. */
  static boolean areScarce() {
    return OPEN.get() > Limit.KEPT;
  }
}
