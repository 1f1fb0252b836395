// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.webhook.injection.Reason;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WebhookMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final WebhookMetrics metrics = new WebhookMetrics(registry);

  private double counted(Reason reason) {
    return registry
        .get("podproc.injections")
        .tags("result", reason.result().label(), "reason", reason.label())
        .counter()
        .count();
  }

  @Test
  void everyReasonIsThereAndZeroFromTheStart() {
    assertThat(Reason.values()).allSatisfy(reason -> assertThat(counted(reason)).isZero());
  }

  @Test
  void reasonsAreCounted() {
    metrics.count(Reason.WINDOWS);
    metrics.count(Reason.WINDOWS);
    assertThat(counted(Reason.WINDOWS)).isEqualTo(2);
    assertThat(counted(Reason.RUNTIME_CLASS)).isZero();
  }

  @Test
  void theHistogramReachesFromAMillisecondToFiveSeconds() {
    metrics.answered(Duration.ofMillis(7));
    metrics.answered(Duration.ofSeconds(6));
    CountAtBucket[] buckets =
        registry.get("podproc.admission.duration").timer().takeSnapshot().histogramCounts();
    assertThat(Arrays.stream(buckets).map(bucket -> bucket.bucket(TimeUnit.MILLISECONDS)))
        .startsWith(1.0)
        .endsWith(5000.0);
    assertThat(buckets)
        .allSatisfy(bucket ->
            assertThat(bucket.count()).isEqualTo(bucket.bucket(TimeUnit.MILLISECONDS) < 7 ? 0 : 1));
  }
}
