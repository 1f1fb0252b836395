// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.daemon.attach.Change;
import io.podproc.daemon.attach.Finding;
import io.podproc.daemon.attach.MountNamespace;
import io.podproc.daemon.attach.Result;
import io.podproc.daemon.attach.State;
import io.podproc.daemon.kernel.MountInfo.Mount;
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

  private double count(State kind, Result result) {
    return registry
        .get("podproc.repaired.mounts")
        .tags(
            "kind", kind.name().toLowerCase(Locale.ROOT),
            "result", result.name().toLowerCase(Locale.ROOT))
        .functionCounter()
        .count();
  }

  private static Change outcome(State kind, Result result) {
    Mount mount = new Mount(1, 2, "0:3", "/proc/stat", "/proc/stat", "ro", false, "t", "s");
    return new Change(new Finding(mount, "/proc/stat", kind, false), result, "why");
  }

  @Test
  void everythingIsThereAndZeroFromTheStart() {
    for (Result result : Result.values()) {
      assertThat(count(State.DEAD, result)).isZero();
      assertThat(count(State.PLACEHOLDER, result)).isZero();
    }
  }

  @Test
  void mountsAreCountedByKindAndResult() {
    metrics.visited(
        new MountNamespace("mnt:[1]", 1, "/c", List.of()),
        List.of(
            outcome(State.DEAD, Result.DONE),
            outcome(State.DEAD, Result.DONE),
            outcome(State.PLACEHOLDER, Result.STACKED),
            outcome(State.DEAD, Result.GONE),
            outcome(State.PLACEHOLDER, Result.FAILED)));
    assertThat(count(State.DEAD, Result.DONE)).isEqualTo(2);
    assertThat(count(State.PLACEHOLDER, Result.STACKED)).isEqualTo(1);
    assertThat(count(State.DEAD, Result.GONE)).isEqualTo(1);
    assertThat(count(State.PLACEHOLDER, Result.FAILED)).isEqualTo(1);
    assertThat(count(State.DEAD, Result.FAILED)).isZero();
  }
}
