// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.task;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What is done again and again, whatever it throws: an executor would drop it without a word. How
 * long ago it was last done tells whether it still is.
 */
public final class PeriodicTask implements MeterBinder {
  private final Duration period;
  private final Duration patience;
  private final Runnable task;
  private final Failures failures;
  private final LongSupplier nanoTime;
  private volatile long doneNanos;

  /**
   * @param patience after how long without success it is late
   * @param failures is told what it throws
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public PeriodicTask(
      Duration period, Duration patience, Runnable task, Failures failures, LongSupplier nanoTime) {
    this.period = period;
    this.patience = patience;
    this.task = task;
    this.failures = failures;
    this.nanoTime = nanoTime;
    this.doneNanos = nanoTime.getAsLong();
  }

  /** Does it from now on, the first time after some time. */
  public PeriodicTask start(ScheduledExecutorService thread, Duration delay) {
    doneNanos = nanoTime.getAsLong();
    var _ =
        thread.scheduleAtFixedRate(
            this::run, delay.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    return this;
  }

  /** Does it once. */
  void run() {
    try {
      task.run();
      doneNanos = nanoTime.getAsLong();
    } catch (Throwable e) {
      failures.accept(e);
    }
  }

  /** As in metrics and in the log. */
  public String name() {
    return failures.task();
  }

  public boolean isLate() {
    return age().compareTo(patience) > 0;
  }

  /** How long ago it was last done. */
  private Duration age() {
    return Duration.ofNanos(nanoTime.getAsLong() - doneNanos);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    failures.bindTo(registry);
    Gauge.builder("podproc.task.age", () -> age().toMillis() / 1000.0)
        .baseUnit("seconds")
        .description("How long ago a periodic task last ended")
        .tag("task", name())
        .register(registry);
  }
}
