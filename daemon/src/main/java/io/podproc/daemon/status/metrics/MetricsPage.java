// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.status.Answer;
import io.podproc.daemon.status.Page;

/** All metrics, in one of the formats that Prometheus asks for. */
public final class MetricsPage implements Page {
  public static final String TEXT = "text/plain";
  public static final String OPEN_METRICS = "application/openmetrics-text";

  private final PrometheusMeterRegistry registry;
  private final String type;

  public MetricsPage(PrometheusMeterRegistry registry, String format) {
    this.registry = registry;
    this.type =
        format + "; version=" + (format.equals(TEXT) ? "0.0.4" : "1.0.0") + "; charset=utf-8";
  }

  @Override
  public Answer answer() {
    complete();
    return new Answer(200, type, registry.scrape(type));
  }

  /** The JVM's own are there once somebody asks: a start is not to wait for them. */
  private void complete() {
    synchronized (registry) {
      if (registry.find("jvm.memory.used").meter() != null) {
        return;
      }
      new JvmMemoryMetrics().bindTo(registry);
      new JvmThreadMetrics().bindTo(registry);
      new ProcessorMetrics().bindTo(registry);
      new FileDescriptorMetrics().bindTo(registry);
      new UptimeMetrics().bindTo(registry);
    }
  }
}
