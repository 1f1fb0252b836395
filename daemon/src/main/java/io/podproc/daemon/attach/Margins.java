// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.host.Processes;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks when the programs began of containers that had their files before, so that it is known how
 * much time there was to spare. Nobody waits for that, and so it is not to take the CPU from those
 * who start: who has not begun is looked at again when an eighth more has passed.
 */
final class Margins implements Closeable {
  private static final int MOST = 1024;
  private static final int PART = 8;
  private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** A container may be made long before it is started. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Processes processes;
  private final StartTimes told;
  private final Consumer<Throwable> failed;
  private final DelayQueue<Early> early = new DelayQueue<>();
  private @Nullable Thread thread;

  /**
   * One whose program had not begun.
   *
   * @param dueNanos when it is looked at
   */
  private record Early(int pid, long attachedNanos, long dueNanos) implements Delayed {
    Early later() {
      long passed = System.nanoTime() - attachedNanos;
      return new Early(
          pid, attachedNanos, attachedNanos + passed + Math.max(SHORT_NANOS, passed / PART));
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }

  /**
   * @param failed is told what is thrown
   */
  Margins(Processes processes, StartTimes told, Consumer<Throwable> failed) {
    this.processes = processes;
    this.told = told;
    this.failed = failed;
  }

  void begin() {
    thread = Thread.ofPlatform().daemon().name("margins").start(this::watch);
  }

  /** Files were attached to a container just now. */
  void met(int pid, long madeNanos, long attachedNanos) {
    boolean before = isForked(pid);
    told.attached(before, Duration.ofNanos(attachedNanos - madeNanos));
    if (before && early.size() < MOST) {
      early.put(new Early(pid, attachedNanos, attachedNanos).later());
    }
  }

  private boolean isForked(int pid) {
    try {
      return processes.stat(pid).forked();
    } catch (IOException e) {
      return false;
    }
  }

  private void watch() {
    try {
      while (true) {
        Early next = early.take();
        try {
          look(next);
        } catch (Throwable e) { // others are to be looked at, too
          failed.accept(e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(Early container) {
    long margin = System.nanoTime() - container.attachedNanos;
    if (!isForked(container.pid)) {
      told.margin(Duration.ofNanos(margin));
    } else if (margin < PATIENCE_NANOS) {
      early.put(container.later());
    }
  }

  @Override
  public void close() {
    if (thread != null) {
      thread.interrupt();
    }
  }
}
