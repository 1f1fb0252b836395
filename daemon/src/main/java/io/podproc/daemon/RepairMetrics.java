// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.repair.Finding;
import io.podproc.daemon.repair.Kind;
import io.podproc.daemon.repair.Outcome;
import io.podproc.daemon.repair.Place;
import io.podproc.daemon.repair.Repairs;
import io.podproc.daemon.repair.Result;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** Counts what is repaired, and logs it: a line for each namespace, and one for each failure. */
final class RepairMetrics implements Repairs, MeterBinder {
  private final Map<Kind, Map<Result, LongAdder>> repaired = new EnumMap<>(Kind.class);

  RepairMetrics() {
    for (Kind kind : List.of(Kind.DEAD, Kind.SEED)) {
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
                .description("Mounts in containers that were to be exchanged for live ones")
                .tag("kind", label(kind))
                .tag("result", label(result))
                .register(registry)));
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void visited(Place place, List<Outcome> outcomes) {
    outcomes.forEach(outcome -> count(place, outcome));
    String live =
        outcomes.stream()
            .filter(outcome -> outcome.result().isDone())
            .map(Outcome::finding)
            .map(Finding::point)
            .collect(Collectors.joining(" "));
    if (!live.isEmpty()) {
      Log.info("%s: repaired %s", place, live);
    }
  }

  private void count(Place place, Outcome outcome) {
    Objects.requireNonNull(
            Objects.requireNonNull(repaired.get(outcome.finding().kind())).get(outcome.result()))
        .increment();
    String point = outcome.finding().point();
    switch (outcome.result()) {
      case DONE -> {} // told with the others
      case STACKED -> Log.info("%s: %s lies on the old one: %s", place, point, outcome.why());
      case GONE -> Log.info("%s: %s is gone: %s", place, point, outcome.why());
      case FAILED -> Log.warn("%s: %s is not repaired: %s", place, point, outcome.why());
    }
  }
}
