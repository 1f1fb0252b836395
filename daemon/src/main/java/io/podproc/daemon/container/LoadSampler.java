// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Samples the load of all containers, each {@code interval} of measured time as the kernel does
 * each LOAD_FREQ: where samples are late, those that were missed are made up for
 * (calc_global_nohz).
 */
public final class LoadSampler {
  private final Containers containers;
  private final Duration interval;
  private final LongSupplier nanoTime;
  private long lastNanos;

  /**
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public LoadSampler(Containers containers, Duration interval, LongSupplier nanoTime) {
    this.containers = containers;
    this.interval = interval;
    this.nanoTime = nanoTime;
    this.lastNanos = nanoTime.getAsLong();
  }

  /** Takes the samples that are due, if any, and lets go of containers that are gone. */
  public synchronized void sample() {
    long due = (nanoTime.getAsLong() - lastNanos) / interval.toNanos();
    if (due < 1) {
      return;
    }
    lastNanos += due * interval.toNanos();
    containers.recall();
    for (Container container : containers.all()) {
      boolean alive;
      try {
        alive = container.loadAccount().sample(due, interval);
      } catch (IOException e) {
        alive = false;
      }
      if (!alive) {
        containers.remove(container);
      }
    }
  }

  /** What the next daemon needs to know. */
  public synchronized Memory memory() {
    return new Memory(lastNanos, containers.memories());
  }

  /** Goes on where another daemon left off: the samples since then are made up for. */
  public synchronized void restore(Memory memory) {
    containers.remember(memory.containers());
    lastNanos = Math.min(memory.sampledNanos(), lastNanos);
  }
}
