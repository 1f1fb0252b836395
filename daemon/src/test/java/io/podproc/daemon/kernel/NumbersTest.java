// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0,0",
        "7,7",
        "' 42\n',42",
        "'12\r\n',12",
        "007,7",
        "9223372036854775807,9223372036854775807"
      })
  void aNumberIsReadWithBlanksAroundIt(String text, long number) {
    assertThat(Numbers.parse(text)).hasValue(number);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n", "max", "-1", "+1", "1.5", "0x10", "1 2", "12k", "\u0663"})
  void whatIsNoNumberIsEmpty(String text) {
    assertThat(Numbers.parse(text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"9223372036854775808", "18446744073709551615", "99999999999999999999999"})
  void aNumberTooLargeIsTheLargestLong(String text) {
    assertThat(Numbers.parse(text)).hasValue(Long.MAX_VALUE);
  }

  @Test
  void aPartOfATextIsRead() {
    assertThat(Numbers.parse("usage 1234 5", 6, 10)).hasValue(1234);
  }

  @Test
  void wordsAreReadInTheirOrder() {
    assertThat(words("100 300 junk \n")).containsExactly(100L, 300L, 0L);
    assertThat(words("7")).containsExactly(7L);
    assertThat(words("  1   -2 99999999999999999999\n")).containsExactly(1L, 0L, Long.MAX_VALUE);
    assertThat(words("")).isEmpty();
    assertThat(words(" \n")).isEmpty();
  }

  private static List<Long> words(String text) {
    return Numbers.words(text.getBytes(StandardCharsets.ISO_8859_1), text.length());
  }
}
