// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UptimeTest {
  @Test
  void theFirstFieldCounts() throws IOException {
    assertThat(Uptime.parse("12345.67 99999.99\n")).isEqualTo(Duration.ofMillis(12_345_670));
    assertThat(Uptime.parse("0.05\n")).isEqualTo(Duration.ofMillis(50));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", " 1.0 2.0", "x 1.0", "1.0.0 2", "1e2147483647 1"})
  void anythingElseIsAnError(String text) {
    assertThatThrownBy(() -> Uptime.parse(text)).isInstanceOf(IOException.class);
  }
}
