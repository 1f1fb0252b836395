// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
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
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Counts what is repaired, and logs it: a line for each namespace, and one for each failure. */
final class RepairMetrics implements Repairs {
  private static final Logger LOG = Logger.getLogger("podproc");

  private final Map<Kind, Map<Result, Counter>> repaired = new EnumMap<>(Kind.class);

  RepairMetrics(MeterRegistry registry) {
    for (Kind kind : List.of(Kind.DEAD, Kind.SEED)) {
      Map<Result, Counter> results = new EnumMap<>(Result.class);
      for (Result result : Result.values()) {
        results.put(
            result,
            Counter.builder("podproc.repaired.mounts")
                .description("Mounts in containers that were to be exchanged for live ones")
                .tag("kind", label(kind))
                .tag("result", label(result))
                .register(registry));
      }
      repaired.put(kind, results);
    }
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
      LOG.infof("%s: repaired %s", place, live);
    }
  }

  private void count(Place place, Outcome outcome) {
    Objects.requireNonNull(
            Objects.requireNonNull(repaired.get(outcome.finding().kind())).get(outcome.result()))
        .increment();
    String point = outcome.finding().point();
    switch (outcome.result()) {
      case DONE -> {} // told with the others
      case STACKED -> LOG.infof("%s: %s lies on the old one: %s", place, point, outcome.why());
      case GONE -> LOG.infof("%s: %s is gone: %s", place, point, outcome.why());
      case FAILED -> LOG.warnf("%s: %s is not repaired: %s", place, point, outcome.why());
    }
  }
}
