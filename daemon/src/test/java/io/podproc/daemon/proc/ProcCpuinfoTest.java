// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.host.Cpuinfo;
import io.podproc.daemon.view.VisibleCpus;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ProcCpuinfoTest {
  private static Cpuinfo.Part x86(int number) {
    return cpu(
        number,
        "processor\t: " + number,
        "model name\t: CPU " + number,
        "physical id\t: 1",
        "siblings\t: 4",
        "core id\t\t: " + (8 + number),
        "cpu cores\t: 2",
        "apicid\t\t: " + (16 + number),
        "initial apicid\t: " + (16 + number),
        "power management:");
  }

  private static Cpuinfo.Part arm64(int number) {
    return cpu(number, "processor\t: " + number, "BogoMIPS\t: 50.00", "CPU part\t: 0xd0c");
  }

  private static Cpuinfo.Part cpu(int number, String... lines) {
    return new Cpuinfo.Part(
        OptionalLong.of(number), Stream.of(lines).map(Cpuinfo.Line::of).toList());
  }

  private static Cpuinfo host(Cpuinfo.Part... parts) {
    return new Cpuinfo(List.of(parts));
  }

  private static VisibleCpus cpus(Integer... numbers) {
    return new VisibleCpus(List.of(numbers), numbers.length, false);
  }

  private static final Cpuinfo FOUR = host(x86(0), x86(1), x86(2), x86(3));

  @Test
  void oneCpuOfFourIsOnePackageOfOneCore() {
    assertThat(ProcCpuinfo.render(FOUR, cpus(2)))
        .isEqualTo(
            """
            processor\t: 0
            model name\t: CPU 2
            physical id\t: 0
            siblings\t: 1
            core id\t\t: 0
            cpu cores\t: 1
            apicid\t\t: 0
            initial apicid\t: 0
            power management:

            """);
  }

  @Test
  void twoCpusOfFourAreRenumbered() {
    List<String> numbers = new ArrayList<>();
    ProcCpuinfo.render(FOUR, cpus(1, 3))
        .lines()
        .filter(
            line -> line.matches("(processor|model name|siblings|core id|cpu cores|apicid)\\s.*"))
        .forEach(numbers::add);
    assertThat(numbers)
        .containsExactly(
            "processor\t: 0",
            "model name\t: CPU 1",
            "siblings\t: 2",
            "core id\t\t: 0",
            "cpu cores\t: 2",
            "apicid\t\t: 0",
            "processor\t: 1",
            "model name\t: CPU 3",
            "siblings\t: 2",
            "core id\t\t: 1",
            "cpu cores\t: 2",
            "apicid\t\t: 1");
  }

  @Test
  void arm64IsRenumberedToo() {
    assertThat(ProcCpuinfo.render(host(arm64(0), arm64(1)), cpus(1)))
        .isEqualTo("processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n\n");
  }

  @Test
  void whatBelongsToNoCpuStays() {
    Cpuinfo.Part hardware =
        new Cpuinfo.Part(OptionalLong.empty(), List.of(Cpuinfo.Line.of("Hardware\t: BCM2835")));
    assertThat(ProcCpuinfo.render(host(arm64(0), arm64(1), hardware), cpus(0)))
        .endsWith("\n\nHardware\t: BCM2835\n\n")
        .doesNotContain(": 1");
  }

  @Test
  void cpusCanKeepTheNodesNumbers() {
    assertThat(ProcCpuinfo.render(FOUR, new VisibleCpus(List.of(1, 3), 2, true)).lines())
        .contains("processor\t: 1", "processor\t: 3", "core id\t\t: 3", "siblings\t: 2")
        .doesNotContain("processor\t: 0");
  }
}
