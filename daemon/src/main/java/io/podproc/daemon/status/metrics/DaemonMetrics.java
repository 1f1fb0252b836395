// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.distribution.TimeWindowMax;
import io.podproc.daemon.fuse.kept.HandoffListener;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.state.HandoffCounts;
import io.podproc.daemon.task.Failures;
import io.podproc.daemon.vfs.Requests;
import io.podproc.daemon.vfs.VirtualTree;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;

/**
 * Counts what is served, from the first request on; whoever wants to see it may come later. A
 * request is one rendering of a file. Fallbacks are logged as well, each kind once a minute at
 * most.
 */
public final class DaemonMetrics implements Requests, HandoffCounts, MeterBinder {
  private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** For how long, and in how many steps, the longest rendering is told. */
  private static final Duration MAX_STEP = Duration.ofMinutes(1);

  private static final int MAX_STEPS = 3;

  private final IntSupplier containers;
  private final Map<String, OfFile> files = new HashMap<>();
  private final Map<HandoffListener.Kind, LongAdder> turns = adders(HandoffListener.Kind.class);
  private final Failures failures = new Failures("request", System::nanoTime);
  private final LongAdder answers = new LongAdder();
  private final LongAdder refusals = new LongAdder();
  private final AtomicInteger keepers = new AtomicInteger();
  private volatile Duration longestWait = Duration.ZERO;

  /** Were the host's clock set back, what is long past would stay the longest. */
  private static final Clock CLOCK =
      new Clock() {
        @Override
        public long wallTime() {
          return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }

        @Override
        public long monotonicTime() {
          return System.nanoTime();
        }
      };

  private static final class OfFile {
    final Map<Outcome, LongAdder> outcomes = adders(Outcome.class);
    final Map<Reason, LongAdder> fallbacks = adders(Reason.class);
    final Map<Reason, AtomicLong> nextLog = new EnumMap<>(Reason.class);
    final LongAdder renderings = new LongAdder();
    final LongAdder nanos = new LongAdder();
    final TimeWindowMax longestNanos = new TimeWindowMax(CLOCK, MAX_STEP.toMillis(), MAX_STEPS);

    OfFile() {
      for (Reason reason : Reason.values()) {
        nextLog.put(reason, new AtomicLong(System.nanoTime()));
      }
    }

    void bindTo(MeterRegistry registry, String path) {
      FunctionTimer.builder(
              "podproc.render",
              this,
              file -> file.renderings.sum(),
              file -> file.nanos.sum(),
              TimeUnit.NANOSECONDS)
          .description("Time to render a file, the reading of cgroup files included")
          .tag("file", path)
          .register(registry);
      Gauge.builder(
              "podproc.render.seconds.max",
              this,
              file -> file.longestNanos.poll() / NANOS_PER_SECOND)
          .description("The longest time that rendering a file took in the last minutes")
          .tag("file", path)
          .register(registry);
      outcomes.forEach((outcome, count) ->
          FunctionCounter.builder("podproc.requests", count, LongAdder::sum)
              .description(
                  "Renderings by file, and by whether they show the container, the host, or failed")
              .tag("file", path)
              .tag("outcome", label(outcome))
              .register(registry));
      fallbacks.forEach((reason, count) ->
          FunctionCounter.builder("podproc.fallbacks", count, LongAdder::sum)
              .description(
                  "Renderings that show the host instead of the container, or the text of before, by reason")
              .tag("file", path)
              .tag("reason", label(reason))
              .register(registry));
    }
  }

  /**
   * @param containers how many there are
   */
  public DaemonMetrics(VirtualTree tree, IntSupplier containers) {
    this.containers = containers;
    tree.files().forEach(file -> files.put(file.path(), new OfFile()));
  }

  private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> keys) {
    Map<E, LongAdder> adders = new EnumMap<>(keys);
    for (E key : keys.getEnumConstants()) {
      adders.put(key, new LongAdder());
    }
    return adders;
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    files.forEach((path, file) -> file.bindTo(registry, path));
    failures.bindTo(registry);
    turns.forEach((kind, count) ->
        FunctionCounter.builder("podproc.turns", count, LongAdder::sum)
            .description(
                "Times this daemon began to serve: mounted anew, handed over, or taken over from one that died")
            .tag("kind", label(kind))
            .register(registry));
    FunctionCounter.builder("podproc.requests.refused", refusals, LongAdder::sum)
        .description(
            "Requests refused with EAGAIN, because too many of the same container were waiting")
        .register(registry);
    Gauge.builder("podproc.longest.wait", () -> longestWait.toMillis() / 1000.0)
        .baseUnit("seconds")
        .description("For how long no daemon served before this one: the longest wait of a reader")
        .register(registry);
    Gauge.builder("podproc.keepers", keepers::get)
        .description("Keepers that hold the mount: at least one, or files end with the daemon")
        .register(registry);
    Gauge.builder("podproc.containers", containers::getAsInt)
        .description("Containers that have read a file and still run")
        .register(registry);
  }

  @Override
  public void began(HandoffListener.Kind kind, Duration unserved) {
    known(turns, kind).increment();
    longestWait = unserved;
  }

  @Override
  public void keepers(int count) {
    keepers.set(count);
  }

  /** How many requests were answered. */
  public long answers() {
    return answers.sum();
  }

  @Override
  public void answered() {
    answers.increment();
  }

  @Override
  public void refused() {
    refusals.increment();
  }

  @Override
  public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {
    OfFile counts = known(files, file.path());
    counts.renderings.increment();
    counts.nanos.add(nanos);
    counts.longestNanos.record((double) nanos);
    known(counts.outcomes, outcome).increment();
  }

  @Override
  public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {
    OfFile counts = known(files, file.path());
    known(counts.fallbacks, reason).increment();
    AtomicLong next = known(counts.nextLog, reason);
    long due = next.get();
    long now = System.nanoTime();
    if (now - due >= 0 && next.compareAndSet(due, now + LOG_NANOS)) {
      if (reason == Reason.SHORTAGE) {
        Log.warn("%s can't be read anew, podproc is short of something: %s", file.path(), cause);
      } else {
        Log.warn("%s fell back to the host's text: %s", file.path(), cause);
      }
    }
  }

  @Override
  public void failed(Throwable defect) {
    failures.accept(defect);
  }

  /** The maps hold a value for every key there is. */
  private static <K, V> V known(Map<K, V> values, K key) {
    return Objects.requireNonNull(values.get(key));
  }
}
