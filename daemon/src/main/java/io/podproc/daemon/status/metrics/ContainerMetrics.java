// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.container.LoadSampler;

/** Where containers met a bound. */
public record ContainerMetrics(Containers containers, LoadSampler sampler) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    FunctionCounter.builder("podproc.containers.evicted", containers, Containers::evictions)
        .description("Containers that were forgotten because there were too many")
        .register(registry);
    FunctionCounter.builder("podproc.looks.cut", sampler, LoadSampler::cuts)
        .description(
            "Looks at a container's threads that were given up, as there are too many threads or"
                + " cgroups: what was found before holds")
        .register(registry);
  }
}
