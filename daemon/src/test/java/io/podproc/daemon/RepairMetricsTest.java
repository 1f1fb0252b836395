// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.repair.Finding;
import io.podproc.daemon.repair.Kind;
import io.podproc.daemon.repair.Outcome;
import io.podproc.daemon.repair.Place;
import io.podproc.daemon.repair.Result;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RepairMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RepairMetrics metrics = new RepairMetrics();

  @BeforeEach
  void bind() {
    metrics.bindTo(registry);
  }

  private double count(Kind kind, Result result) {
    return registry
        .get("podproc.repaired.mounts")
        .tags(
            "kind", kind.name().toLowerCase(Locale.ROOT),
            "result", result.name().toLowerCase(Locale.ROOT))
        .functionCounter()
        .count();
  }

  private static Outcome outcome(Kind kind, Result result) {
    Mount mount = new Mount(1, 2, "0:3", "/proc/stat", "/proc/stat", "ro", "t", "s");
    return new Outcome(new Finding(mount, "/proc/stat", kind, false), result, "why");
  }

  @Test
  void everythingIsThereAndZeroFromTheStart() {
    for (Result result : Result.values()) {
      assertThat(count(Kind.DEAD, result)).isZero();
      assertThat(count(Kind.SEED, result)).isZero();
    }
  }

  @Test
  void mountsAreCountedByKindAndResult() {
    metrics.visited(
        new Place("mnt:[1]", 1, "/c", List.of()),
        List.of(
            outcome(Kind.DEAD, Result.DONE),
            outcome(Kind.DEAD, Result.DONE),
            outcome(Kind.SEED, Result.STACKED),
            outcome(Kind.DEAD, Result.GONE),
            outcome(Kind.SEED, Result.FAILED)));
    assertThat(count(Kind.DEAD, Result.DONE)).isEqualTo(2);
    assertThat(count(Kind.SEED, Result.STACKED)).isEqualTo(1);
    assertThat(count(Kind.DEAD, Result.GONE)).isEqualTo(1);
    assertThat(count(Kind.SEED, Result.FAILED)).isEqualTo(1);
    assertThat(count(Kind.DEAD, Result.FAILED)).isZero();
  }
}
