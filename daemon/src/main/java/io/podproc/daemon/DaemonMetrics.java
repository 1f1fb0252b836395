// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.podproc.daemon.fuse.Turn;
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
import java.util.function.IntSupplier;
import org.jboss.logging.Logger;

/**
 * Counts what is served. A request is one rendering of a file. Fallbacks are logged as well, each
 * kind once a minute at most.
 */
final class DaemonMetrics implements Requests {
  private static final Logger LOG = Logger.getLogger("podproc");
  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Map<String, FileMeters> files = new HashMap<>();
  private final Map<Turn.Kind, Counter> turns = new EnumMap<>(Turn.Kind.class);
  private final AtomicInteger keepers = new AtomicInteger();
  private volatile Duration longestWait = Duration.ZERO;

  private static final class FileMeters {
    final Timer rendering;
    final Map<Outcome, Counter> outcomes = new EnumMap<>(Outcome.class);
    final Map<Reason, Counter> fallbacks = new EnumMap<>(Reason.class);
    final Map<Reason, AtomicLong> nextLog = new EnumMap<>(Reason.class);

    FileMeters(MeterRegistry registry, String path) {
      rendering =
          Timer.builder("podproc.render")
              .description("Time to render a file, the reading of cgroup files included")
              .tag("file", path)
              .register(registry);
      for (Outcome outcome : Outcome.values()) {
        outcomes.put(
            outcome,
            Counter.builder("podproc.requests")
                .description("Renderings by file and by what the answer is made of")
                .tag("file", path)
                .tag("outcome", label(outcome))
                .register(registry));
      }
      for (Reason reason : Reason.values()) {
        fallbacks.put(
            reason,
            Counter.builder("podproc.fallbacks")
                .description("Answers that fell back to the host's text, by file and reason")
                .tag("file", path)
                .tag("reason", label(reason))
                .register(registry));
        nextLog.put(reason, new AtomicLong(System.nanoTime()));
      }
    }

    private static String label(Enum<?> value) {
      return value.name().toLowerCase(Locale.ROOT);
    }
  }

  DaemonMetrics(MeterRegistry registry, VirtualTree tree) {
    tree.files().forEach(file -> files.put(file.path(), new FileMeters(registry, file.path())));
    for (Turn.Kind kind : Turn.Kind.values()) {
      turns.put(
          kind,
          Counter.builder("podproc.turns")
              .description("Beginnings of this daemon's turn to serve, by how it came about")
              .tag("kind", FileMeters.label(kind))
              .register(registry));
    }
    Gauge.builder("podproc.longest.wait", () -> longestWait.toMillis() / 1000.0)
        .baseUnit("seconds")
        .description(
            "For how long nobody served before this daemon's turn: a reader's longest wait")
        .register(registry);
    Gauge.builder("podproc.keepers", keepers::get)
        .description("Processes that keep the mount while no daemon serves it")
        .register(registry);
  }

  static void countContainers(MeterRegistry registry, IntSupplier containers) {
    Gauge.builder("podproc.containers", containers::getAsInt)
        .description("Containers that have read a file and are not gone")
        .register(registry);
  }

  void began(Turn.Kind kind, Duration unserved) {
    known(turns, kind).increment();
    longestWait = unserved;
  }

  void keepers(int count) {
    keepers.set(count);
  }

  @Override
  public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {
    FileMeters meters = known(files, file.path());
    meters.rendering.record(nanos, TimeUnit.NANOSECONDS);
    known(meters.outcomes, outcome).increment();
  }

  @Override
  public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {
    FileMeters meters = known(files, file.path());
    known(meters.fallbacks, reason).increment();
    AtomicLong next = known(meters.nextLog, reason);
    long due = next.get();
    long now = System.nanoTime();
    if (now - due >= 0 && next.compareAndSet(due, now + LOG_NANOS)) {
      LOG.warnf("%s fell back to the host's text: %s", file.path(), cause);
    }
  }

  /** The maps hold a meter for every key there is. */
  private static <K, V> V known(Map<K, V> meters, K key) {
    return Objects.requireNonNull(meters.get(key));
  }
}
