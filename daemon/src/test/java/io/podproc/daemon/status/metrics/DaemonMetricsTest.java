// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.daemon.VirtualFiles;
import io.podproc.daemon.fuse.kept.HandoffListener;
import io.podproc.daemon.vfs.Requests.Outcome;
import io.podproc.daemon.vfs.Requests.Reason;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DaemonMetricsTest {
  private static final VirtualTree TREE = VirtualFiles.tree(true);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger containers = new AtomicInteger(3);
  private final DaemonMetrics metrics = new DaemonMetrics(TREE, containers::get);

  @BeforeEach
  void bind() {
    metrics.bindTo(registry);
  }

  private static VirtualTree.File file(String path) {
    return (VirtualTree.File) TREE.find(path).orElseThrow();
  }

  private double requests(String path, Outcome outcome) {
    return registry
        .get("podproc.requests")
        .tags("file", path, "outcome", outcome.name().toLowerCase(Locale.ROOT))
        .functionCounter()
        .count();
  }

  private double fallbacks(String path, Reason reason) {
    return registry
        .get("podproc.fallbacks")
        .tags("file", path, "reason", reason.name().toLowerCase(Locale.ROOT))
        .functionCounter()
        .count();
  }

  @Test
  void everythingIsThereAndZeroFromTheStart() {
    for (VirtualTree.File file : TREE.files()) {
      for (Outcome outcome : Outcome.values()) {
        assertThat(requests(file.path(), outcome)).isZero();
      }
      for (Reason reason : Reason.values()) {
        assertThat(fallbacks(file.path(), reason)).isZero();
      }
    }
  }

  @Test
  void thoseThatFailAreCounted() {
    metrics.failed(new StackOverflowError());
    metrics.failed(new IllegalStateException());
    assertThat(
            registry.get("podproc.task.failures").tag("task", "request").functionCounter().count())
        .isEqualTo(2);
  }

  @Test
  void requestsAreCountedByFileAndOutcome() {
    metrics.rendered(file("/proc/stat"), Outcome.CONTAINER, 2_000_000);
    metrics.rendered(file("/proc/stat"), Outcome.CONTAINER, 4_000_000);
    metrics.rendered(file("/proc/stat"), Outcome.ERROR, 0);
    assertThat(requests("/proc/stat", Outcome.CONTAINER)).isEqualTo(2);
    assertThat(requests("/proc/stat", Outcome.ERROR)).isEqualTo(1);
    assertThat(requests("/proc/meminfo", Outcome.CONTAINER)).isZero();
    FunctionTimer rendering =
        registry.get("podproc.render").tag("file", "/proc/stat").functionTimer();
    assertThat(rendering.count()).isEqualTo(3);
    assertThat(rendering.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(6);
    assertThat(registry.get("podproc.render.seconds.max").tag("file", "/proc/stat").gauge().value())
        .isEqualTo(0.004);
  }

  @Test
  void whatWasCountedBeforeAnybodyCouldSeeItIsSeen() {
    MeterRegistry late = new SimpleMeterRegistry();
    metrics.rendered(file("/proc/stat"), Outcome.CONTAINER, 2_000_000);
    metrics.began(HandoffListener.Kind.HANDED_OVER, Duration.ofMillis(200));
    metrics.bindTo(late);
    assertThat(late.get("podproc.render").tag("file", "/proc/stat").functionTimer().count())
        .isEqualTo(1);
    assertThat(late.get("podproc.turns").tag("kind", "handed_over").functionCounter().count())
        .isEqualTo(1);
    assertThat(late.get("podproc.longest.wait").gauge().value()).isEqualTo(0.2);
  }

  @Test
  void fallbacksAreCountedByFileAndReasonEachTime() {
    for (int i = 0; i < 3; i++) {
      metrics.fellBack(file("/proc/stat"), Reason.KERNEL, new IOException("gone"));
    }
    assertThat(fallbacks("/proc/stat", Reason.KERNEL)).isEqualTo(3);
    assertThat(fallbacks("/proc/stat", Reason.CALLER)).isZero();
  }

  @Test
  void containersAreCountedAsTheyAre() {
    assertThat(registry.get("podproc.containers").gauge().value()).isEqualTo(3);
    containers.set(1);
    assertThat(registry.get("podproc.containers").gauge().value()).isEqualTo(1);
  }
}
