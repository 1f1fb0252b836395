// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.attach.StartTimes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/** Counts whether containers that start have their files before their programs begin. */
public final class AttachMetrics implements StartTimes, MeterBinder {
  /** Upper bounds of what is told apart. */
  private static final List<Duration> BOUNDS =
      Stream.of(1, 3, 10, 30, 100, 300, 1000).map(Duration::ofMillis).toList();

  private final LongAdder before = new LongAdder();
  private final LongAdder after = new LongAdder();
  private final Times margins = new Times();
  private final Times attaches = new Times();

  /** How many took how long: each bound, in seconds, counts all below it. */
  private static final class Times {
    final List<LongAdder> within = BOUNDS.stream().map(_ -> new LongAdder()).toList();
    final LongAdder all = new LongAdder();

    void add(Duration time) {
      all.increment();
      for (int i = 0; i < BOUNDS.size(); i++) {
        if (time.compareTo(BOUNDS.get(i)) <= 0) {
          within.get(i).increment();
        }
      }
    }

    void bindTo(MeterRegistry registry, String name, String description) {
      for (int i = 0; i < BOUNDS.size(); i++) {
        double bound = BOUNDS.get(i).toMillis() / 1000.0;
        bind(registry, name, description, Double.toString(bound), within.get(i));
      }
      bind(registry, name, description, "+Inf", all);
    }

    private static void bind(
        MeterRegistry registry, String name, String description, String bound, LongAdder count) {
      FunctionCounter.builder(name, count, LongAdder::sum)
          .description(description)
          .tag("within", bound)
          .register(registry);
    }
  }

  @Override
  public void attached(boolean beforeStart, Duration sinceMade) {
    (beforeStart ? before : after).increment();
    attaches.add(sinceMade);
  }

  @Override
  public void margin(Duration margin) {
    margins.add(margin);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    bind(registry, "before start", before);
    bind(registry, "after start", after);
    margins.bindTo(
        registry,
        "podproc.attach.margin",
        "Containers whose program began within so many seconds after they had their files");
    attaches.bindTo(
        registry,
        "podproc.attach.time",
        "Starting containers that had their files within so many seconds after their cgroup was"
            + " made");
  }

  private static void bind(MeterRegistry registry, String when, LongAdder count) {
    FunctionCounter.builder("podproc.attach", count, LongAdder::sum)
        .description(
            "Containers that got files as they started: before their program began, or after")
        .tag("when", when)
        .register(registry);
  }
}
