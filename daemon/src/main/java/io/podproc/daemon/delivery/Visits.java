// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.log.Log;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What came of visits to containers: counted, remembered for who asks, and told once. */
final class Visits {
  /** A container that should have nothing is left alone when it was found so that often. */
  private static final int LOOKS = 2;

  /** But for each tenth look: a repair may have brought back what was there before. */
  private static final int SELDOM = 10;

  private final Map<Result, LongAdder> counts = new EnumMap<>(Result.class);
  private final LongAdder attached = new LongAdder();
  private final LongAdder detached = new LongAdder();

  /** By container: how often it was found to have nothing, as it should, or left alone. */
  private final Map<String, Integer> clean = new ConcurrentHashMap<>();

  /** By container: what came of the last visit, for people who ask. */
  private final Map<String, Outcome> outcomes = new ConcurrentHashMap<>();

  /** By container: what was told of it. */
  private final Map<String, String> told = new ConcurrentHashMap<>();

  Visits() {
    for (Result result : Result.values()) {
      counts.put(result, new LongAdder());
    }
  }

  private LongAdder counted(Result result) {
    return Objects.requireNonNull(counts.get(result));
  }

  /** How often a container was visited that ended so. */
  long count(Result result) {
    return counted(result).sum();
  }

  /** How many files were laid over containers' own. */
  long attached() {
    return attached.sum();
  }

  /** How many files were taken away. */
  long detached() {
    return detached.sum();
  }

  /** What came of the last visit to a container; empty where there was none. */
  Optional<Outcome> last(String containerId) {
    return Optional.ofNullable(outcomes.get(containerId));
  }

  /** Whether it is looked for something to be taken from it: seldom, where nothing was found. */
  boolean isDue(PodContainer container) {
    String id = container.containerId();
    int looks = clean.getOrDefault(id, 0);
    if (looks < LOOKS || looks % SELDOM == 0) {
      return true;
    }
    var _ = clean.put(id, looks + 1);
    return false;
  }

  /** One has come to no outcome, by a defect. */
  void failed(PodContainer container) {
    counted(Result.FAILED).increment();
    var _ =
        outcomes.put(
            container.containerId(),
            new Outcome(Result.FAILED, "a defect: the daemon's log has it", 0, 0));
  }

  /**
   * One is through.
   *
   * @param nothing whether the container should have no files
   */
  void add(PodContainer container, boolean nothing, Outcome outcome) {
    String id = container.containerId();
    var _ = outcomes.put(id, outcome);
    counted(outcome.result()).increment();
    attached.add(outcome.attached());
    detached.add(outcome.detached());
    if (nothing && outcome.result() == Result.NOTHING_TO_DO) {
      var _ = clean.merge(id, 1, Integer::sum);
    } else {
      var _ = clean.remove(id);
    }
    tell(container, outcome);
  }

  /** Forgets all containers but these. */
  void retain(Set<String> containerIds) {
    clean.keySet().retainAll(containerIds);
    told.keySet().retainAll(containerIds);
    outcomes.keySet().retainAll(containerIds);
  }

  /** Once for each container and reason. */
  private void tell(PodContainer container, Outcome outcome) {
    String id = container.containerId();
    String what = outcome.result() + outcome.reason();
    switch (outcome.result()) {
      case DONE, NOTHING_TO_DO, SKIPPED, GONE -> {
        var _ = told.remove(id);
      }
      case REFUSED -> {
        if (!what.equals(told.put(id, what))) {
          Log.info(
              "container %s of pod %s keeps its files: %s",
              id, container.podUid(), outcome.reason());
        }
      }
      case TIMED_OUT, FAILED -> {
        if (!what.equals(told.put(id, what))) {
          Log.warn(
              "container %s of pod %s does not get its files, trying again each minute: %s",
              id, container.podUid(), outcome.reason());
        }
      }
    }
  }
}
