// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WarningTest {
  @Test
  void aLineIsCutWhereItIsTooLong() {
    assertThat(Warning.of("x".repeat(111))).hasSize(120).endsWith("x");
    assertThat(Warning.of("x".repeat(112))).hasSize(120).endsWith("x...");
  }

  @Test
  void itIsPrintableAsciiAsHeadersAre() {
    assertThat(Warning.of("a\r\nb\tc\u0000d\u00e4e\ud83d\ude00")).matches("[ -~]*");
  }

  @Test
  void aListTakesAsManyLinesAsItNeeds() {
    List<String> words = IntStream.range(0, 40).mapToObj(i -> "word" + i).toList();
    List<String> lines = Warning.listing("known:", words);
    assertThat(lines)
        .hasSizeGreaterThan(2)
        .allSatisfy(line -> assertThat(line).startsWith("podproc: known: w").hasSizeLessThan(121));
    assertThat(String.join(" ", lines)).contains(words);
  }
}
