// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.status.StatusServer.Answer;
import io.podproc.daemon.status.StatusServer.Page;

/** All metrics, in the format that Prometheus asks for. */
final class MetricsPage implements Page {
  private static final String OPEN_METRICS = "application/openmetrics-text";

  private final PrometheusMeterRegistry registry;
  private boolean complete;

  MetricsPage(PrometheusMeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public Answer answer(String accepted) {
    complete();
    String type =
        accepted.contains(OPEN_METRICS)
            ? OPEN_METRICS + "; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
    return new Answer(200, type, registry.scrape(type));
  }

  /** The JVM's own are there once somebody asks: a start is not to wait for them. */
  private synchronized void complete() {
    if (!complete) {
      complete = true;
      new JvmMemoryMetrics().bindTo(registry);
      new JvmThreadMetrics().bindTo(registry);
      new ProcessorMetrics().bindTo(registry);
      new FileDescriptorMetrics().bindTo(registry);
      new UptimeMetrics().bindTo(registry);
    }
  }
}
