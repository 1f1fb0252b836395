// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.status.Answer;
import io.podproc.daemon.task.Failures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsPageTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  @ParameterizedTest
  @CsvSource({
    "text/plain, text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text, application/openmetrics-text; version=1.0.0; charset=utf-8"
  })
  void tellsAllInAFormat(String format, String type) {
    Failures failures = new Failures("look", System::nanoTime);
    failures.bindTo(registry);
    MetricsPage page = new MetricsPage(registry, format);
    for (int i = 0; i < 2; i++) {
      Answer answer = page.answer();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.type()).isEqualTo(type);
      assertThat(answer.text())
          .contains("podproc_task_failures_total{task=\"look\"} 0.0", "jvm_memory_used_bytes");
      assertThat(answer.text().endsWith("# EOF\n")).isEqualTo(!format.equals("text/plain"));
    }
  }

  @Test
  void aGaugeThatFailsTakesNoOtherWithIt() {
    Gauge.builder(
            "podproc.broken",
            () -> {
              throw new StackOverflowError();
            })
        .register(registry);
    Gauge.builder("podproc.whole", () -> 7).register(registry);
    assertThat(new MetricsPage(registry, MetricsPage.TEXT).answer().text())
        .contains("podproc_broken NaN", "podproc_whole 7.0");
  }
}
