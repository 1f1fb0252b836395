// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class CpuinfoTest {
  @Test
  void eachCpuOfX86IsAPart() {
    Cpuinfo cpuinfo =
        Cpuinfo.parse(
            "processor\t: 0\nvendor_id\t: GenuineIntel\npower management:\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel\n\n");
    assertThat(cpuinfo.parts())
        .extracting(Cpuinfo.Part::cpu)
        .containsExactly(OptionalLong.of(0), OptionalLong.of(1));
    assertThat(cpuinfo.parts().getFirst().lines())
        .extracting(Cpuinfo.Line::text)
        .containsExactly("processor\t: 0", "vendor_id\t: GenuineIntel", "power management:");
  }

  @Test
  void aKeyIsWhatStandsBeforeTheColon() {
    assertThat(Cpuinfo.parse("cpu cores\t: 4\nflags\t\t: a:b\nno colon\n:\n").parts())
        .singleElement()
        .satisfies(part ->
            assertThat(part.lines())
                .extracting(Cpuinfo.Line::key)
                .containsExactly("cpu cores", "flags", "", ""));
  }

  @Test
  void theLastPartNeedsNoEnd() {
    assertThat(
            Cpuinfo.parse("processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\nBogoMIPS\t: 50.00")
                .parts())
        .extracting(Cpuinfo.Part::cpu)
        .containsExactly(OptionalLong.of(0), OptionalLong.of(1));
  }

  @Test
  void theHardwareOfArmIsAPartOfNoCpu() {
    List<Cpuinfo.Part> parts =
        Cpuinfo.parse(
                "processor\t: 0\nmodel name\t: ARMv7\n\nHardware\t: BCM2835\nRevision\t: a02082\nSerial\t\t: 0\n")
            .parts();
    assertThat(parts).hasSize(2);
    assertThat(parts.getLast().cpu()).isEmpty();
    assertThat(parts.getLast().lines()).hasSize(3);
  }

  @Test
  void aProcessorWithoutANumberIsNoCpu() {
    assertThat(Cpuinfo.parse("processor\t:\n\nprocessor").parts())
        .extracting(Cpuinfo.Part::cpu)
        .containsOnly(OptionalLong.empty());
  }

  @Test
  void blankLinesAloneAreNoParts() {
    assertThat(Cpuinfo.parse("").parts()).isEmpty();
    assertThat(Cpuinfo.parse("\n\n \n").parts()).isEmpty();
  }
}
