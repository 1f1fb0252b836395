// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a watch asks for next, and when. It knows neither network nor clock, so that the manners of
 * a whole fleet can be told beforehand.
 *
 * <p>What was heard last is asked to be gone on with: that costs an API server nothing. It lists
 * only where there is nothing to go on with, or the API server has forgotten (410).
 */
final class WatchSchedule {
  /** What to ask for. */
  enum Ask {
    /** All objects, and then what changes, in one answer: WatchList, Kubernetes 1.34. */
    STREAM,
    /** All objects. */
    LIST,
    /** What has changed since a version. */
    WATCH
  }

  /** A watch is ended by the API server after so long, and up to twice as long. */
  static final Duration LEAST_WATCH = Duration.ofMinutes(20);

  /** After so long, what was refused is tried again. */
  static final Duration REFUSED = Duration.ofMinutes(5);

  /** Where nobody answers, a connection is tried so often: that costs nobody anything. */
  static final Duration UNREACHABLE = Duration.ofSeconds(1);

  /** Of lists, which daemons ask for at the same time when an API server has started anew. */
  static final Duration SPREAD = Duration.ofSeconds(1);

  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(4);
  private static final Duration MOST_TO_WAIT = Duration.ofMinutes(10);

  /** A watch that ends sooner, and told nothing, has failed. */
  private static final Duration FRUITFUL = Duration.ofSeconds(5);

  /** A version that the API server has not reached looks like that: it was restored from a copy. */
  private static final int MOST_FRUITLESS = 3;

  private final RandomGenerator random;
  private Optional<String> version = Optional.empty();
  private Optional<String> least = Optional.empty();
  private boolean streams = true;
  private boolean allowed;
  private Duration retry = FIRST_RETRY;
  private int fruitless;

  WatchSchedule(RandomGenerator random) {
    this.random = random;
  }

  Ask next() {
    if (version.isPresent()) {
      return Ask.WATCH;
    }
    return streams ? Ask.STREAM : Ask.LIST;
  }

  /** To go on from. */
  Optional<String> version() {
    return version;
  }

  /** A list may not be older than this: an API server that is behind would take back what was. */
  Optional<String> least() {
    return least;
  }

  /** For how long a watch is asked for. */
  Duration watchFor() {
    return LEAST_WATCH.plus(upTo(LEAST_WATCH));
  }

  /** It was heard up to here. */
  void heard(String now) {
    version = Optional.of(now);
    least = version;
    allowed = true;
    worked();
  }

  private void worked() {
    retry = FIRST_RETRY;
    fruitless = 0;
  }

  // What became of it. Each tells how long to wait before the next.

  /** All was said, or nothing was heard for so long that nobody seems to be there. */
  Duration ended(Duration lasted) {
    if (lasted.compareTo(FRUITFUL) >= 0) {
      worked();
      return upTo(SPREAD);
    }
    if (++fruitless >= MOST_FRUITLESS) {
      fruitless = 0;
      version = Optional.empty();
      least = Optional.empty();
    }
    return failed();
  }

  /** There is nothing to go on with: 410. */
  Duration expired() {
    if (version.isEmpty()) { // nor to list by
      least = Optional.empty();
      return failed();
    }
    version = Optional.empty();
    return upTo(SPREAD);
  }

  /** It lists and watches in one answer only in newer versions. */
  Duration unsupported() {
    streams = false;
    return Duration.ZERO;
  }

  /** It has no right to; or an API server that starts does not know yet that it has. */
  Duration refused() {
    return allowed ? failed() : jittered(REFUSED);
  }

  /** Nobody listens there. Who does again is another, and is asked soon. */
  Duration unreachable() {
    retry = FIRST_RETRY;
    return jittered(UNREACHABLE);
  }

  /**
   * It asks to be left alone for a while.
   *
   * @param retryAfter for how long, where it says
   */
  Duration busy(Optional<Duration> retryAfter) {
    Duration own = failed();
    Duration asked = retryAfter.orElse(Duration.ZERO);
    if (asked.compareTo(MOST_TO_WAIT) > 0) {
      asked = MOST_TO_WAIT;
    }
    // Not before the time that it names, which it names to all.
    return asked.compareTo(own) > 0 ? asked.plus(upTo(asked.dividedBy(2))) : own;
  }

  /** Anything else. */
  Duration failed() {
    Duration pause = jittered(retry);
    retry = retry.multipliedBy(2).compareTo(LAST_RETRY) < 0 ? retry.multipliedBy(2) : LAST_RETRY;
    if (retry.equals(LAST_RETRY)) {
      least = Optional.empty(); // whatever keeps it from answering, let it not be that
    }
    return pause;
  }

  private Duration jittered(Duration pause) {
    return pause.dividedBy(2).plus(upTo(pause));
  }

  private Duration upTo(Duration most) {
    return Duration.ofNanos(random.nextLong(most.toNanos() + 1));
  }
}
