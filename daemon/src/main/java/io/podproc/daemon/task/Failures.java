// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.task;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What a task or a request threw, and was survived. Each is counted, and told once a minute at
 * most: who asks may have it thrown a thousand times a second.
 */
public final class Failures implements Consumer<Throwable>, MeterBinder {
  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final String task;
  private final LongSupplier nanoTime;
  private final LongAdder count = new LongAdder();
  private final AtomicLong nextLog;

  /**
   * @param task as in metrics and in the log
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public Failures(String task, LongSupplier nanoTime) {
    this.task = task;
    this.nanoTime = nanoTime;
    this.nextLog = new AtomicLong(nanoTime.getAsLong());
  }

  String task() {
    return task;
  }

  @Override
  public void accept(Throwable thrown) {
    count.increment();
    long due = nextLog.get();
    long now = nanoTime.getAsLong();
    try {
      if (now - due >= 0 && nextLog.compareAndSet(due, now + LOG_NANOS)) {
        tell(thrown);
      }
    } catch (Throwable e) {
      // There is no memory to say it in; whoever was to survive it does.
    }
  }

  /** Where a defect is, its trace tells; what could not be read tells of itself. */
  private void tell(Throwable thrown) {
    if (thrown instanceof IOException) {
      Log.warn("a %s failed: %s", task, thrown.getMessage());
    } else {
      Log.error("a " + task + " failed", thrown);
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    FunctionCounter.builder("podproc.task.failures", count, LongAdder::sum)
        .description("Exceptions thrown by periodic tasks, requests and pages: the log says where")
        .tag("task", task)
        .register(registry);
  }
}
