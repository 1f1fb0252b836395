// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.linux.ExhaustedException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Samples the load of all containers, each {@code interval} of measured time as the kernel does
 * each LOAD_FREQ: where samples are late, those that were missed are made up for
 * (calc_global_nohz).
 *
 * <p>What a round costs is bounded, whatever containers do. One whose threads take long to look at
 * is looked at in slices, a slice a round, one such container after the other: until it is through,
 * its last census counts.
 */
public final class LoadSampler {
  /** Of the interval, what all looks of a round may take together. */
  private static final double ROUND = 0.1;

  /** What a container with some hundred threads takes. More is done in slices. */
  private static final Duration LOOK = Duration.ofMillis(20);

  /** Threads, with which it takes longer. */
  private static final int MANY = 500;

  /** Of a look that takes longer, what is done in a round. */
  private static final Duration SLICE = Duration.ofMillis(50);

  private final Containers containers;
  private final Duration interval;
  private final LongSupplier nanoTime;
  private final Consumer<Throwable> failed;
  private final LongAdder cuts = new LongAdder();
  private volatile long lastNanos;

  /** Those that took too long. Of {@link #sample} alone. */
  private final Set<Container> large = new LinkedHashSet<>();

  /** The look at the first of them. Of {@link #sample} alone. */
  private @Nullable Look underWay;

  /**
   * @param failed is told what a container's sample threw
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public LoadSampler(
      Containers containers, Duration interval, Consumer<Throwable> failed, LongSupplier nanoTime) {
    this.containers = containers;
    this.interval = interval;
    this.failed = failed;
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
    BooleanSupplier isOver = after(Duration.ofNanos((long) (interval.toNanos() * ROUND)));
    // In another order each time: where time is short, it is so for all alike.
    List<Container> all = new ArrayList<>(containers.all());
    Collections.shuffle(all);
    for (Container container : all) {
      each(
          container,
          () -> {
            if (container.threads().hasChanged()) {
              look(container, isOver);
            }
          });
    }
    lookAtLarge();
    // Not before: on a busy node also the look at a small one may be interrupted.
    for (Container container : all) {
      each(container, () -> container.threads().loadAccount().sample(due, interval));
    }
  }

  private interface Attempt {
    void make() throws IOException;
  }

  /** Whatever comes of one container, the others are sampled. */
  private void each(Container container, Attempt attempt) {
    try {
      attempt.make();
    } catch (ExhaustedException e) {
      failed.accept(e); // it may be there all the same
    } catch (IOException e) {
      forget(container);
    } catch (Throwable e) {
      failed.accept(e);
    }
  }

  private void look(Container container, BooleanSupplier isOver) throws IOException {
    if (large.contains(container) || isOver.getAsBoolean()) {
      return;
    }
    if (container
        .threads()
        .loadAccount()
        .census()
        .filter(last -> last.total() > MANY)
        .isPresent()) {
      large.add(container);
      return;
    }
    BooleanSupplier isLong = after(LOOK);
    if (!container.threads().look(() -> isLong.getAsBoolean() || isOver.getAsBoolean())) {
      if (!isOver.getAsBoolean()) {
        large.add(container);
      }
    } else if (isEmpty(container)) {
      forget(container);
    }
  }

  private void lookAtLarge() {
    BooleanSupplier isOver = after(SLICE);
    while (!large.isEmpty() && !isOver.getAsBoolean()) {
      Container first = large.iterator().next();
      each(first, () -> goOn(first, isOver));
    }
  }

  private void goOn(Container container, BooleanSupplier isOver) throws IOException {
    Look look = underWay;
    underWay = null; // unless it is to be gone on with
    if (look == null) {
      Optional<Look> begun = container.threads().beginLook(isOver);
      if (begun.isEmpty()) {
        cuts.increment();
        large.remove(container);
        return;
      }
      look = begun.get();
    }
    if (!look.goOn(isOver)) {
      underWay = look;
      return;
    }
    large.remove(container);
    container.threads().take(look.census());
    if (isEmpty(container)) {
      forget(container);
    }
  }

  private static boolean isEmpty(Container container) {
    return container
        .threads()
        .loadAccount()
        .census()
        .filter(census -> census.total() > 0)
        .isEmpty();
  }

  private void forget(Container container) {
    if (large.iterator().hasNext() && large.iterator().next().equals(container)) {
      underWay = null;
    }
    large.remove(container);
    containers.remove(container);
  }

  private BooleanSupplier after(Duration time) {
    long begun = nanoTime.getAsLong();
    return () -> nanoTime.getAsLong() - begun > time.toNanos();
  }

  /**
   * How many looks were given up, as a container has more threads or cgroups than are looked at.
   */
  public long cuts() {
    return cuts.sum();
  }

  /** What the next daemon needs to know. Waits for no sample that is under way. */
  public Snapshot snapshot() {
    return new Snapshot(lastNanos, containers.snapshots());
  }

  /** Goes on where another daemon left off: the samples since then are made up for. */
  public synchronized void restore(Snapshot snapshot) {
    containers.remember(snapshot.containers());
    lastNanos = Math.min(snapshot.sampledNanos(), lastNanos);
  }
}
