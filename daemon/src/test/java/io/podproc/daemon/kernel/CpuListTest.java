// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuListTest {
  @Test
  void rangesAndSingleCpusAreRead() {
    assertThat(CpuList.parse("0-3,5\n").lowest(9)).containsExactly(0, 1, 2, 3, 5);
    assertThat(CpuList.parse("7").lowest(9)).containsExactly(7);
    assertThat(CpuList.parse("5,1-2,2-3\r\n").lowest(9)).containsExactly(1, 2, 3, 5);
    assertThat(CpuList.parse(" 0 - 1 , 4 ").lowest(9)).containsExactly(0, 1, 4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        " ",
        "3-1",
        "-1",
        "1-",
        "-",
        "--",
        ",",
        "max",
        "all",
        "0-99999999999",
        "99999999999999999999",
        "65536"
      })
  void whatIsNoCpuOfAKernelIsPassedOver(String text) {
    assertThat(CpuList.parse(text).isEmpty()).isTrue();
    assertThat(CpuList.parse(text).size()).isZero();
  }

  @Test
  void theRestOfAListSurvivesJunk() {
    assertThat(CpuList.parse("x,2,3-1,,0-99999999999,4-5").lowest(9)).containsExactly(2, 4, 5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|1",
        "0-1|3",
        "0-3|f",
        "1|2",
        "4-5,7|b0",
        "0-31|ffffffff",
        "0-32|1,ffffffff",
        "31,64|1,00000000,80000000",
        "0-127|ffffffff,ffffffff,ffffffff,ffffffff"
      })
  void itIsWrittenAsTheKernelDoes(String list, String mask) {
    assertThat(CpuList.parse(list)).hasToString(list);
    assertThat(CpuList.parse(list).mask()).isEqualTo(mask);
  }

  @Test
  void theEmptySetIsWrittenToo() {
    assertThat(CpuList.parse("")).hasToString("");
    assertThat(CpuList.parse("").mask()).isEqualTo("0");
  }

  @Test
  void whatAnotherListHasCanBeTakenAway() {
    assertThat(CpuList.parse("0-7").without(CpuList.first(2))).hasToString("2-7");
    assertThat(CpuList.parse("0").without(CpuList.parse("0"))).hasToString("");
  }
}
