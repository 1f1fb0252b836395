// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AskersTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE); // it overflows meanwhile
  private final Askers askers = new Askers(now::get);

  @Test
  void aThreadIsKnownForAMoment() {
    askers.remember(300, "web");
    assertThat(askers.of(300)).contains("web");
    now.addAndGet(Duration.ofMillis(999).toNanos());
    assertThat(askers.of(300)).contains("web");
    now.addAndGet(Duration.ofMillis(1).toNanos());
    assertThat(askers.of(300)).isEmpty();
  }

  @Test
  void nobodyIsTakenForAnother() {
    askers.remember(300, "web");
    assertThat(askers.of(300 + 32_768)).isEmpty();
    assertThat(askers.of(301)).isEmpty();
    assertThat(askers.of(0)).isEmpty();
    askers.remember(300 + 32_768, "log");
    assertThat(askers.of(300)).isEmpty();
  }
}
