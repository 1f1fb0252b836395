// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlatKeyedTest {
  private static final FlatKeyed.Keys KEYS =
      FlatKeyed.Keys.of("anon", "file", "file_mapped", "hierarchical_memory_limit");

  @Test
  void valuesAreFoundByTheirKeys() {
    FlatKeyed stat = KEYS.parse("anon 4096\nfile 0\nfile_mapped 8192\n");
    assertThat(stat.get("anon")).hasValue(4096);
    assertThat(stat.get("file")).hasValue(0);
    assertThat(stat.getOrZero("file_mapped")).isEqualTo(8192);
  }

  @Test
  void onlyTheKeysThatAreWantedCanBeAsked() {
    FlatKeyed stat = KEYS.parse("anon 4096\nanon_thp 7\nan 8\nanonymous 9\n");
    assertThat(stat.get("anon")).hasValue(4096);
    assertThatThrownBy(() -> stat.get("anon_thp"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("anon_thp");
  }

  @Test
  void whatStandsBehindTheTextIsNotRead() {
    byte[] text = "anon 4096\nfile 1\n".getBytes(StandardCharsets.ISO_8859_1);
    assertThat(KEYS.parse(text, 7).get("anon")).hasValue(40);
    assertThat(KEYS.parse(text, 10).get("file")).isEmpty();
  }

  /** As many as memory.stat has, so that some of their hashes meet. */
  @Test
  void noKeyIsTakenForAnother() {
    List<String> names = IntStream.range(0, 200).mapToObj(i -> "key_" + i).toList();
    String text =
        names.stream()
            .map(name -> name + " " + name.hashCode() + "\n")
            .collect(Collectors.joining())
            .replace("-", "");
    FlatKeyed stat = FlatKeyed.Keys.of(names).parse(text);
    assertThat(names)
        .allSatisfy(name -> assertThat(stat.get(name)).hasValue(Math.abs((long) name.hashCode())));
  }

  @Test
  void aMissingKeyHasNoValue() {
    FlatKeyed stat = KEYS.parse("anon 4096\n");
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
    assertThat(KEYS.parse(text).get("anon")).isEmpty();
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
    assertThat(KEYS.parse(text).get("anon")).hasValue(4096);
  }

  @Test
  void aHugeNumberIsTheLargestLong() {
    assertThat(
            KEYS.parse("hierarchical_memory_limit 18446744073709551615\n")
                .get("hierarchical_memory_limit"))
        .hasValue(Long.MAX_VALUE);
  }
}
