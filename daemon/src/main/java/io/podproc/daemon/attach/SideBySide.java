// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Visits to mount namespaces, each by a thread of its own. One that does not end keeps others
 * waiting for a second at most, and is given up after ten: a node without free CPU may need
 * several.
 */
final class SideBySide {
  private static final int AT_ONCE = 32;
  private static final Duration TURN = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration LOOK = Duration.ofMillis(20);

  private SideBySide() {}

  /** What came of a visit: one call for each, by the thread that waits. */
  interface Listener<P, R> {
    void ended(P place, R result);

    /** It was given up, or threw something: why, in a sentence. */
    void failed(P place, String why);
  }

  /** One that has begun. */
  private static final class Visit<P, R> extends FutureTask<R> {
    private final P place;
    private final long begunNanos = System.nanoTime();
    private final BlockingQueue<Visit<P, R>> ended;

    Visit(P place, Function<P, R> work, BlockingQueue<Visit<P, R>> ended) {
      super(() -> work.apply(place));
      this.place = place;
      this.ended = ended;
    }

    @Override
    protected void done() {
      ended.add(this);
    }

    boolean hasLasted(Duration time) {
      return System.nanoTime() - begunNanos >= time.toNanos();
    }
  }

  /** Visits all places, and returns when each has ended or was given up. */
  static <P, R> void visit(Collection<P> places, Function<P, R> work, Listener<P, R> listener)
      throws InterruptedException {
    Deque<P> waiting = new ArrayDeque<>(places);
    List<Visit<P, R>> underway = new ArrayList<>();
    BlockingQueue<Visit<P, R>> ended = new LinkedBlockingQueue<>();
    while (!waiting.isEmpty() || !underway.isEmpty()) {
      while (!waiting.isEmpty() && count(underway) < AT_ONCE) {
        begin(new Visit<>(waiting.remove(), work, ended), underway, listener);
      }
      Visit<P, R> next = ended.poll(LOOK.toNanos(), TimeUnit.NANOSECONDS);
      if (next != null && underway.remove(next)) {
        tell(next, listener);
      }
      for (Visit<P, R> late : underway.stream().filter(one -> one.hasLasted(PATIENCE)).toList()) {
        underway.remove(late);
        listener.failed(late.place, "no answer within " + PATIENCE.toSeconds() + " s");
      }
    }
  }

  private static <P, R> void begin(
      Visit<P, R> visit, List<Visit<P, R>> underway, Listener<P, R> listener) {
    try {
      Thread.ofPlatform().daemon().name("visit").start(visit);
      underway.add(visit);
    } catch (OutOfMemoryError e) { // as where there may be no more threads
      listener.failed(visit.place, String.valueOf(e));
    }
  }

  /** Those that others wait for. */
  private static <P, R> long count(List<Visit<P, R>> underway) {
    return underway.stream().filter(visit -> !visit.hasLasted(TURN)).count();
  }

  private static <P, R> void tell(Visit<P, R> visit, Listener<P, R> listener)
      throws InterruptedException {
    try {
      listener.ended(visit.place, visit.get());
    } catch (ExecutionException e) {
      listener.failed(visit.place, String.valueOf(e.getCause()));
    }
  }
}
