// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PeriodicTaskTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final AtomicLong nanos = new AtomicLong();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private PeriodicTask task(Duration period, Runnable task) {
    PeriodicTask periodic =
        new PeriodicTask(period, PATIENCE, task, new Failures("sample", nanos::get), nanos::get);
    periodic.bindTo(registry);
    return periodic;
  }

  private double failures() {
    return registry.get("podproc.task.failures").tag("task", "sample").functionCounter().count();
  }

  /** An executor drops a task that throws, without a word. */
  @Test
  void whateverItThrowsItIsDoneAgain() throws InterruptedException {
    CountDownLatch times = new CountDownLatch(3);
    PeriodicTask task =
        task(
            Duration.ofMillis(1),
            () -> {
              times.countDown();
              throw new StackOverflowError();
            });
    try (ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor()) {
      PeriodicTask _ = task.start(thread, Duration.ZERO);
      assertThat(times.await(20, TimeUnit.SECONDS)).isTrue();
      thread.shutdownNow();
    }
    assertThat(failures()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void itIsLateWhenItWasNotDoneForLong() {
    PeriodicTask task = task(Duration.ofSeconds(5), () -> {});
    nanos.addAndGet(PATIENCE.toNanos());
    assertThat(task.isLate()).isFalse();
    nanos.addAndGet(1);
    assertThat(task.isLate()).isTrue();
    assertThat(registry.get("podproc.task.age").gauge().value()).isEqualTo(30);
    task.run();
    assertThat(task.isLate()).isFalse();
    assertThat(failures()).isZero();
  }

  @Test
  void whatFailsEachTimeIsLateToo() {
    PeriodicTask task =
        task(
            Duration.ofSeconds(5),
            () -> {
              throw new IllegalStateException("a bug");
            });
    nanos.addAndGet(PATIENCE.toNanos() + 1);
    task.run();
    assertThat(task.isLate()).isTrue();
    assertThat(failures()).isEqualTo(1);
  }
}
