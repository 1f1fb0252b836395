// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which thread asked for whom a moment ago. To look where a thread is takes some 15 µs: too long
 * for each of 20,000 that wait. Only turns are given by this, and no answers: a thread's id may be
 * another's by now, who then waits in the wrong place once.
 */
final class RequestOwners {
  /** More threads than that take each other's place. */
  private static final int PLACES = 32_768;

  /** Nobody goes through all ids of a machine in that time. */
  private static final long HOLDS_NANOS = Duration.ofSeconds(1).toNanos();

  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final int[] tids = new int[PLACES];

  @GuardedBy("this")
  private final long[] nanos = new long[PLACES];

  @GuardedBy("this")
  private final @Nullable Object[] owners = new @Nullable Object[PLACES];

  /**
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  RequestOwners(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  synchronized void remember(int tid, Object owner) {
    int place = tid & (PLACES - 1);
    tids[place] = tid;
    owners[place] = owner;
    nanos[place] = nanoTime.getAsLong();
  }

  /** For whom a thread asked; empty where that is not known, or was long ago. */
  synchronized Optional<Object> of(int tid) {
    int place = tid & (PLACES - 1);
    boolean holds = tids[place] == tid && nanoTime.getAsLong() - nanos[place] < HOLDS_NANOS;
    return holds ? Optional.ofNullable(owners[place]) : Optional.empty();
  }
}
