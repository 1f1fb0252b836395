// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AttachMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AttachMetrics metrics = new AttachMetrics();

  @BeforeEach
  void bind() {
    metrics.bindTo(registry);
  }

  private double count(String name, String tag, String value) {
    return registry.get(name).tag(tag, value).functionCounter().count();
  }

  @Test
  void earlyAndLateAreToldApart() {
    metrics.attached(true, Duration.ofMillis(20));
    metrics.attached(true, Duration.ofMillis(2));
    metrics.attached(false, Duration.ofSeconds(2));
    assertThat(count("podproc.attach", "when", "before start")).isEqualTo(2);
    assertThat(count("podproc.attach", "when", "after start")).isEqualTo(1);
    assertThat(count("podproc.attach.time", "within", "0.003")).isEqualTo(1);
    assertThat(count("podproc.attach.time", "within", "0.03")).isEqualTo(2);
    assertThat(count("podproc.attach.time", "within", "1.0")).isEqualTo(2);
    assertThat(count("podproc.attach.time", "within", "+Inf")).isEqualTo(3);
  }

  @Test
  void marginsAreCountedByTheirLength() {
    metrics.margin(Duration.ofMillis(1));
    metrics.margin(Duration.ofMillis(18));
    assertThat(count("podproc.attach.margin", "within", "0.001")).isEqualTo(1);
    assertThat(count("podproc.attach.margin", "within", "0.01")).isEqualTo(1);
    assertThat(count("podproc.attach.margin", "within", "0.03")).isEqualTo(2);
  }
}
