// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlatKeyedTest {
  @Test
  void valuesAreFoundByTheirKeys() {
    FlatKeyed stat = FlatKeyed.parse("anon 4096\nfile 0\nfile_mapped 8192\n");
    assertThat(stat.get("anon")).hasValue(4096);
    assertThat(stat.get("file")).hasValue(0);
    assertThat(stat.getOrZero("file_mapped")).isEqualTo(8192);
  }

  @Test
  void aMissingKeyHasNoValue() {
    FlatKeyed stat = FlatKeyed.parse("anon 4096\n");
    assertThat(stat.get("file")).isEmpty();
    assertThat(stat.getOrZero("file")).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "\n\n\n",
        "anon",
        "anon ",
        "anon\n4096",
        " 4096",
        "anon max",
        "anon -1",
        "anon x\n"
      })
  void aLineWithoutANumberIsPassedOver(String text) {
    assertThat(FlatKeyed.parse(text).get("anon")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file 1\nanon 4096",
        "anon 4096\nfile",
        "junk\nanon 4096\n",
        "\nanon 4096\n\n",
        "anon 4096\r\nfile 1\r\n",
        "anon   4096  \n"
      })
  void whatStandsAroundALineDoesNotMatter(String text) {
    assertThat(FlatKeyed.parse(text).get("anon")).hasValue(4096);
  }

  @Test
  void aHugeNumberIsTheLargestLong() {
    assertThat(
            FlatKeyed.parse("hierarchical_memory_limit 18446744073709551615\n")
                .get("hierarchical_memory_limit"))
        .hasValue(Long.MAX_VALUE);
  }
}
