// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.daemon.vfs.Requests.Outcome;
import io.podproc.daemon.vfs.Requests.Reason;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DaemonMetricsTest {
  private static final VirtualTree TREE = VirtualFiles.tree(true);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final DaemonMetrics metrics = new DaemonMetrics(registry, TREE);

  private static VirtualTree.File file(String path) {
    return (VirtualTree.File) TREE.find(path).orElseThrow();
  }

  private double requests(String path, Outcome outcome) {
    return registry
        .get("podproc.requests")
        .tags("file", path, "outcome", outcome.name().toLowerCase(Locale.ROOT))
        .counter()
        .count();
  }

  private double fallbacks(String path, Reason reason) {
    return registry
        .get("podproc.fallbacks")
        .tags("file", path, "reason", reason.name().toLowerCase(Locale.ROOT))
        .counter()
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
  void requestsAreCountedByFileAndOutcome() {
    metrics.rendered(file("/proc/stat"), Outcome.CONTAINER, 2_000_000);
    metrics.rendered(file("/proc/stat"), Outcome.CONTAINER, 4_000_000);
    metrics.rendered(file("/proc/stat"), Outcome.ERROR, 0);
    assertThat(requests("/proc/stat", Outcome.CONTAINER)).isEqualTo(2);
    assertThat(requests("/proc/stat", Outcome.ERROR)).isEqualTo(1);
    assertThat(requests("/proc/meminfo", Outcome.CONTAINER)).isZero();
    assertThat(
            registry
                .get("podproc.render")
                .tag("file", "/proc/stat")
                .timer()
                .totalTime(TimeUnit.MILLISECONDS))
        .isEqualTo(6);
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
    AtomicInteger containers = new AtomicInteger(3);
    DaemonMetrics.countContainers(registry, containers::get);
    assertThat(registry.get("podproc.containers").gauge().value()).isEqualTo(3);
    containers.set(1);
    assertThat(registry.get("podproc.containers").gauge().value()).isEqualTo(1);
  }
}
