// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import java.time.Duration;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Waits for what is to become true. */
final class Waiting {
  /** Of a machine with much else to do. */
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private static final long PAUSE_MILLIS = 50;

  private Waiting() {}

  /** Until it asserts nothing wrong, or the time is over. */
  static void until(ThrowingCallable assertion) {
    Instant end = Instant.now().plus(DEADLINE);
    while (true) {
      try {
        assertion.call();
        return;
      } catch (Throwable e) {
        if (Instant.now().isAfter(end)) {
          throw new AssertionError("not within " + DEADLINE, e);
        }
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }
}
