// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.attach.Change;
import io.podproc.daemon.attach.Finding;
import io.podproc.daemon.attach.MountNamespace;
import io.podproc.daemon.attach.Repairs;
import io.podproc.daemon.attach.Result;
import io.podproc.daemon.attach.State;
import io.podproc.daemon.log.Log;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** Counts what is repaired, and logs it: a line for each namespace, and one for each failure. */
public final class RepairMetrics implements Repairs, MeterBinder {
  private final Map<State, Map<Result, LongAdder>> repaired = new EnumMap<>(State.class);

  public RepairMetrics() {
    for (State kind : List.of(State.DEAD, State.PLACEHOLDER)) {
      Map<Result, LongAdder> results = new EnumMap<>(Result.class);
      for (Result result : Result.values()) {
        results.put(result, new LongAdder());
      }
      repaired.put(kind, results);
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    repaired.forEach((kind, results) ->
        results.forEach((result, count) ->
            FunctionCounter.builder("podproc.repaired.mounts", count, LongAdder::sum)
                .description(
                    "Mounts in containers replaced by live ones, by what they were and by result")
                .tag("kind", label(kind))
                .tag("result", label(result))
                .register(registry)));
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void visited(MountNamespace namespace, List<Change> outcomes) {
    outcomes.forEach(outcome -> count(namespace, outcome));
    String live =
        outcomes.stream()
            .filter(outcome -> outcome.result().isDone())
            .map(Change::finding)
            .map(Finding::point)
            .collect(Collectors.joining(" "));
    if (!live.isEmpty()) {
      Log.info("%s: repaired %s", namespace, live);
    }
  }

  private void count(MountNamespace namespace, Change outcome) {
    Objects.requireNonNull(
            Objects.requireNonNull(repaired.get(outcome.finding().state())).get(outcome.result()))
        .increment();
    String point = outcome.finding().point();
    switch (outcome.result()) {
      case DONE -> {} // told with the others
      case STACKED -> Log.info("%s: %s lies on the old one: %s", namespace, point, outcome.why());
      case GONE -> Log.info("%s: %s is gone: %s", namespace, point, outcome.why());
      case FAILED -> Log.warn("%s: %s is not repaired: %s", namespace, point, outcome.why());
    }
  }
}
