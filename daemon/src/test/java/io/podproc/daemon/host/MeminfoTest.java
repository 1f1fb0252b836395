// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MeminfoTest {
  @Test
  void linesKeepTheirOrderAndTheirText() {
    Meminfo meminfo =
        Meminfo.parse(
            "MemTotal:       16384 kB\nSomethingNew:      12 kB\nHugePages_Total:       3\n");
    assertThat(meminfo.lines())
        .extracting(Meminfo.Line::text)
        .containsExactly(
            "MemTotal:       16384 kB", "SomethingNew:      12 kB", "HugePages_Total:       3");
    assertThat(meminfo.bytes("MemTotal")).hasValue(16384 * 1024);
  }

  @Test
  void aPlainCountIsNoAmountOfMemory() {
    Meminfo meminfo = Meminfo.parse("HugePages_Total:       3\n");
    assertThat(meminfo.lines().getFirst().kilobytes()).isEmpty();
    assertThat(meminfo.bytes("HugePages_Total")).isEmpty();
  }

  @Test
  void aLineWithoutAColonIsKept() {
    Meminfo meminfo = Meminfo.parse("MemTotal:  1 kB\nMemFr");
    assertThat(meminfo.lines().getLast().text()).isEqualTo("MemFr");
    assertThat(meminfo.bytes("MemFree")).isEmpty();
  }

  @Test
  void aLineThatIsCutShortHasNoValue() {
    for (String line :
        new String[] {
          "MemTotal:",
          "MemTotal: kB",
          "MemTotal:  kB",
          "MemTotal: 12",
          "MemTotal: x kB",
          "MemTotal: -1 kB"
        }) {
      assertThat(Meminfo.parse(line).bytes("MemTotal")).as(line).isEmpty();
    }
  }

  @Test
  void anEmptyTextHasNoLines() {
    assertThat(Meminfo.parse("").lines()).isEmpty();
    assertThat(Meminfo.parse("").bytes("MemTotal")).isEmpty();
  }

  @Test
  void aHugeValueDoesNotTurnNegative() {
    assertThat(Meminfo.parse("VmallocTotal: 99999999999999999999 kB\n").bytes("VmallocTotal"))
        .hasValue(Long.MAX_VALUE);
    assertThat(Meminfo.parse("VmallocTotal: 9007199254740992 kB\n").bytes("VmallocTotal"))
        .hasValue(Long.MAX_VALUE);
  }
}
