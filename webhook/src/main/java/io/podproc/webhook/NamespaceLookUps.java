// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * Asks the API server for namespaces that the watch has not told of: new ones, for some
 * milliseconds. Whoever can send reviews can make it ask, so that it asks only so often; what it
 * was told last, be it that there is none, it believes for two seconds.
 */
final class NamespaceLookUps {
  /** A review may have to wait for so long. */
  static final Duration DEADLINE = Duration.ofSeconds(1);

  /** At a time. */
  static final int MOST_UNDER_WAY = 8;

  /** At once, after a while without any; and then one in each such time. */
  static final int BURST = 40;

  static final Duration PERIOD = Duration.ofMillis(50);

  private static final Duration BELIEF = Duration.ofSeconds(2);
  private static final int MOST_REMEMBERED = 1000;
  private static final Duration SILENCE = Duration.ofMinutes(1);

  /** An answer that was asked for, and until when it is believed. */
  private record Asked(
      CompletableFuture<Optional<Map<String, String>>> answer, long believedUntil) {}

  private final Logger log = Logger.getLogger("podproc");
  private final Function<String, Optional<Map<String, String>>> ask;
  private final LongSupplier nanoTime;
  private final Executor threads = Executors.newVirtualThreadPerTaskExecutor();

  private final Map<String, Asked> asked =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Asked> eldest) {
          return size() > MOST_REMEMBERED;
        }
      };

  private int underWay;

  /** When all that was asked so far would have been, one after another. */
  private long paidUntil;

  private long silentUntil;

  /**
   * Begins with a burst to spend.
   *
   * @param ask the labels of a namespace; empty if there is none; throws if there is no telling
   * @param nanoTime as {@link System#nanoTime}
   */
  NamespaceLookUps(Function<String, Optional<Map<String, String>>> ask, LongSupplier nanoTime) {
    this.ask = ask;
    this.nanoTime = nanoTime;
    paidUntil = nanoTime.getAsLong() - BURST * PERIOD.toNanos();
    silentUntil = nanoTime.getAsLong();
  }

  /**
   * None for a namespace that does not exist, and where too much is asked for.
   *
   * @return nothing if the API server does not tell within a second
   */
  Optional<Map<String, String>> labels(String name) {
    CompletableFuture<Optional<Map<String, String>>> answer = answer(name);
    try {
      return Optional.of(answer.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS).orElse(Map.of()));
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Pods come in swarms: one asks for all. */
  private synchronized CompletableFuture<Optional<Map<String, String>>> answer(String name) {
    long now = nanoTime.getAsLong();
    Asked before = asked.get(name);
    if (before != null && now - before.believedUntil < 0) {
      return before.answer;
    }
    if (!mayAsk(now)) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    underWay++;
    CompletableFuture<Optional<Map<String, String>>> answer =
        CompletableFuture.supplyAsync(() -> ask.apply(name), threads)
            .orTimeout(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete((labels, failure) -> over(name, failure != null));
    // The eldest goes first.
    Asked _ = asked.remove(name);
    if (!answer.isCompletedExceptionally()) {
      Asked _ = asked.put(name, new Asked(answer, now + BELIEF.toNanos()));
    }
    return answer;
  }

  private boolean mayAsk(long now) {
    long earliest = now - BURST * PERIOD.toNanos();
    long paid = paidUntil - earliest < 0 ? earliest : paidUntil;
    if (underWay >= MOST_UNDER_WAY || paid + PERIOD.toNanos() - now > 0) {
      if (now - silentUntil >= 0) {
        silentUntil = now + SILENCE.toNanos();
        log.warn("reviews of too many unknown namespaces: not all of them are looked up");
      }
      return false;
    }
    paidUntil = paid + PERIOD.toNanos();
    return true;
  }

  /** What failed is tried again by the next that asks. */
  private synchronized void over(String name, boolean failed) {
    underWay--;
    if (failed) {
      Asked _ = asked.remove(name);
    }
  }
}
