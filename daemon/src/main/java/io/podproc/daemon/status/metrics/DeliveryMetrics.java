// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.delivery.Outcome.Result;
import java.util.Locale;

/** What came of visits to containers. */
public record DeliveryMetrics(Delivery delivery) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    for (Result result : Result.values()) {
      FunctionCounter.builder("podproc.delivery.visits", delivery, d -> d.count(result))
          .description("Comparisons of what a container should have with what it has, by result")
          .tag("result", result.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    FunctionCounter.builder("podproc.delivery.attached.files", delivery, Delivery::attached)
        .description("Files attached to containers")
        .register(registry);
    FunctionCounter.builder("podproc.delivery.detached.files", delivery, Delivery::detached)
        .description("Files detached from containers")
        .register(registry);
  }
}
