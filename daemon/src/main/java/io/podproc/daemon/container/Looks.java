// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Looks that take as long as containers like, on a thread that serves nobody. Whoever serves may
 * wait a moment for one, and not two at a time: the other serves on.
 */
public final class Looks {
  /** Some ten times of what a container with a hundred threads takes. */
  private static final Duration PATIENCE = Duration.ofMillis(40);

  private final Executor thread;
  private final Consumer<Throwable> failed;
  private final Semaphore waiting = new Semaphore(1);

  /**
   * @param thread does one after the other, and may refuse some
   * @param failed is told what a look threw
   */
  public Looks(Executor thread, Consumer<Throwable> failed) {
    this.thread = thread;
    this.failed = failed;
  }

  /** Has it done soon. Where too much is to be done already, it is not, and over at once. */
  Future<?> begin(Runnable look) {
    FutureTask<?> task =
        new FutureTask<Void>(look, null) {
          @Override
          protected void setException(Throwable thrown) {
            failed.accept(thrown);
            super.setException(thrown);
          }
        };
    try {
      thread.execute(task);
    } catch (RejectedExecutionException e) {
      boolean _ = task.cancel(false);
    }
    return task;
  }

  /** Waits a moment, unless somebody else does. */
  void await(Future<?> look) {
    if (look.isDone() || !waiting.tryAcquire()) {
      return;
    }
    try {
      Object _ = look.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // Then it is done without what it finds.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      waiting.release();
    }
  }
}
