// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.podproc.webhook.http.Cut;
import io.podproc.webhook.http.Refusal;
import io.podproc.webhook.http.ReviewServer;
import io.podproc.webhook.injection.Reason;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;

/** Counts what becomes of reviews, and how long they take. All of it is there from the start. */
@Singleton
final class WebhookMetrics implements ReviewServer.Events {
  /** Milliseconds, up to the timeout that the webhook is registered with. */
  private static final double[] BUCKETS = {1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000};

  private final Map<Reason, Counter> injections = new EnumMap<>(Reason.class);
  private final Map<Cut, Counter> cuts = new EnumMap<>(Cut.class);
  private final Timer duration;

  WebhookMetrics(MeterRegistry registry) {
    for (Reason reason : Reason.values()) {
      injections.put(
          reason,
          Counter.builder("podproc.injections")
              .description(
                  "Reviews by result and reason; a conflict is a path that the pod mounts itself")
              .tag("result", reason.result().label())
              .tag("reason", reason.label())
              .register(registry));
    }
    for (Cut why : Cut.values()) {
      cuts.put(
          why,
          Counter.builder("podproc.connections.cut")
              .description("Connections that the webhook closed, by reason")
              .tag("reason", why.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    duration =
        Timer.builder("podproc.admission.duration")
            .description("Time from the head of a review to its answer")
            .serviceLevelObjectives(
                DoubleStream.of(BUCKETS)
                    .mapToObj(millis -> Duration.ofNanos((long) (millis * 1e6)))
                    .toArray(Duration[]::new))
            .register(registry);
  }

  void count(Reason reason) {
    Objects.requireNonNull(injections.get(reason)).increment();
  }

  @Override
  public void refused(Refusal refusal) {
    count(
        switch (refusal) {
          case MALFORMED -> Reason.MALFORMED_REVIEW;
          case TOO_SLOW -> Reason.TOO_SLOW;
          case TOO_LARGE -> Reason.TOO_LARGE;
          case BUSY -> Reason.BUSY;
        });
  }

  @Override
  public void cut(Cut why) {
    Objects.requireNonNull(cuts.get(why)).increment();
  }

  @Override
  public void answered(Duration taken) {
    duration.record(taken);
  }
}
