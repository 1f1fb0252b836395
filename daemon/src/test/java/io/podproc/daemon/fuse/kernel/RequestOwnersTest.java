// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RequestOwnersTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE); // it overflows meanwhile
  private final RequestOwners owners = new RequestOwners(now::get);

  @Test
  void aThreadIsKnownForAMoment() {
    owners.remember(300, "web");
    assertThat(owners.of(300)).contains("web");
    now.addAndGet(Duration.ofMillis(999).toNanos());
    assertThat(owners.of(300)).contains("web");
    now.addAndGet(Duration.ofMillis(1).toNanos());
    assertThat(owners.of(300)).isEmpty();
  }

  @Test
  void nobodyIsTakenForAnother() {
    owners.remember(300, "web");
    assertThat(owners.of(300 + 32_768)).isEmpty();
    assertThat(owners.of(301)).isEmpty();
    assertThat(owners.of(0)).isEmpty();
    owners.remember(300 + 32_768, "log");
    assertThat(owners.of(300)).isEmpty();
  }
}
