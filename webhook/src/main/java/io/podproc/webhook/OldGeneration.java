// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Keeps what nobody uses any more from piling up in the heap. The serial collector looks through
 * its old generation only when that can't grow any more, which is at {@code -Xmx}: connections that
 * come, live for seconds and go would take the webhook there, and near the limit of its memory.
 */
@Singleton
final class OldGeneration {
  /** More than reviews alone ever take: 1000 a second stay below. */
  private static final long MUCH = 64 << 20;

  /** A collection takes some 60 ms. */
  private static final long PERIOD_SECONDS = 2;

  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("old-generation").factory());

  void start(@Observes StartupEvent event) {
    var _ =
        looks.scheduleWithFixedDelay(
            OldGeneration::look, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
  }

  private static void look() {
    if (Runtime.getRuntime().totalMemory() > MUCH) {
      System.gc();
    }
  }

  void stop(@Observes ShutdownEvent event) {
    looks.shutdownNow();
  }
}
