// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NestedKeyedTest {
  @Test
  void eachLineIsAKeyWithItsValues() {
    assertThat(NestedKeyed.parse("8:16 rbytes=1459200 rios=192\n8:0 rbytes=90430464 rios=8950\n"))
        .containsExactly(
            Map.entry("8:16", Map.of("rbytes", 1459200L, "rios", 192L)),
            Map.entry("8:0", Map.of("rbytes", 90430464L, "rios", 8950L)));
  }

  @Test
  void fractionsArePassedOver() {
    assertThat(NestedKeyed.parse("some avg10=0.00 avg60=1.50 avg300=0.12 total=8765\n"))
        .containsExactly(Map.entry("some", Map.of("total", 8765L)));
  }

  /** Linux 5.15 and others of its time (github.com/canonical/lxd/issues/10052). */
  @Test
  void devicesWithoutCountersMayStandBeforeTheLinesOwn() {
    assertThat(NestedKeyed.parse("7:7 7:6 7:4 rbytes=28672 rios=22\n8:0 rbytes=1 rios=1\n"))
        .containsExactly(
            Map.entry("7:4", Map.of("rbytes", 28672L, "rios", 22L)),
            Map.entry("8:0", Map.of("rbytes", 1L, "rios", 1L)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "8:0",
        "8:0 ",
        "8:0 rbytes",
        "8:0 rbytes=",
        "8:0 rbytes=max\n",
        "8:0 rbytes=-1",
        "8:0 =5",
        "8:0 rbytes=1=2\r\n"
      })
  void aLineWithoutANumberIsPassedOver(String text) {
    assertThat(NestedKeyed.parse(text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "  \n\n"})
  void anEmptyTextHasNoLines(String text) {
    assertThat(NestedKeyed.parse(text)).isEmpty();
  }

  @Test
  void blanksAndEndsOfLinesDoNotMatter() {
    assertThat(NestedKeyed.parse("  8:0   rbytes=5   wbytes=6 \r\n"))
        .containsExactly(Map.entry("8:0", Map.of("rbytes", 5L, "wbytes", 6L)));
  }
}
