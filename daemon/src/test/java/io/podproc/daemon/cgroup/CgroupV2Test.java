// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.Limit.Resource;
import io.podproc.daemon.fake.FakeKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CgroupV2Test {
  private static final long MIB = 1 << 20;

  @TempDir Path root;
  private FakeKernel kernel;
  private Cgroup cgroup;

  /** A container two levels below the root, with a limit nowhere. */
  @BeforeEach
  void makeContainer() throws IOException {
    kernel = FakeKernel.v2(root);
    cgroup = open(false);
    write("/pods", "memory.max", "max");
    write("/pods/web", "memory.max", "max");
    write("/pods/web", "memory.current", "1048576");
    write(
        "/pods/web",
        "memory.stat",
        "anon 4096\nfile 8192\nactive_file 100\ninactive_file 200\nslab_reclaimable 300\nslab_unreclaimable 50\n");
    kernel.cgroup("/pods", 0).cgroup("/pods/web", 1000);
  }

  private Cgroup open(boolean countHigh) throws IOException {
    return new CgroupHierarchy(kernel.path("cgroup"), countHigh, kernel::nanoTime)
        .at(ProcCgroup.parse("0::/pods/web\n"));
  }

  private void write(String path, String file, String text) {
    kernel.write("cgroup" + path + "/" + file, text + "\n");
  }

  @Test
  void withoutALimitThereIsNone() throws IOException {
    assertThat(cgroup.memory().limit()).isEmpty();
    assertThat(cgroup.memory().swapLimit()).isEmpty();
    assertThat(cgroup.cpuLimits().quota()).isEmpty();
  }

  @Test
  void theTightestLimitCountsWhereverItIsSet() throws IOException {
    write("/pods/web", "memory.max", "" + 512 * MIB);
    assertThat(cgroup.memory().limit()).hasValue(512 * MIB);
    write("/pods", "memory.max", "" + 256 * MIB);
    kernel.advance(Duration.ofSeconds(1));
    assertThat(cgroup.memory().limit()).hasValue(256 * MIB);
    write("/pods", "memory.swap.max", "4096");
    write("/pods/web", "memory.swap.max", "max");
    kernel.advance(Duration.ofSeconds(1));
    assertThat(cgroup.memory().swapLimit()).hasValue(4096);
  }

  /** For people who ask where a number is from. */
  @Test
  void eachLevelSaysWhatItLimits() throws IOException {
    write("/pods", "memory.max", "" + 256 * MIB);
    write("/pods", "memory.high", "" + 128 * MIB);
    write("/pods", "cpu.max", "150000 100000");
    write("/pods/web", "cpu.max", "max 100000");
    write("/pods/web", "cpuset.cpus.effective", "0-2");
    String pods = kernel.path("cgroup/pods").toString();
    assertThat(cgroup.limits())
        .containsExactly(
            limit(Resource.CPU, pods + "/web", "cpu.max", "max 100000", OptionalDouble.empty()),
            limit(Resource.CPU, pods, "cpu.max", "150000 100000", OptionalDouble.of(1.5)),
            limit(
                Resource.CPUSET,
                pods + "/web",
                "cpuset.cpus.effective",
                "0-2",
                OptionalDouble.of(3)),
            limit(Resource.MEMORY, pods + "/web", "memory.max", "max", OptionalDouble.empty()),
            limit(
                Resource.MEMORY, pods, "memory.max", "268435456", OptionalDouble.of(256.0 * MIB)));
    assertThat(open(true).limits())
        .contains(
            limit(
                Resource.MEMORY, pods, "memory.high", "134217728", OptionalDouble.of(128.0 * MIB)));
  }

  /** Where its own controller is off, the kernel accounts to the next one above. */
  @Test
  void theUsageIsReadFromTheNearest() throws IOException {
    String pods = kernel.path("cgroup/pods").toString();
    assertThat(cgroup.memoryUsageFile()).isEqualTo(pods + "/web/memory.current");
    kernel.remove("cgroup/pods/web/memory.current");
    write("/pods", "memory.current", "4096");
    assertThat(open(false).memoryUsageFile()).isEqualTo(pods + "/memory.current");
  }

  private static Limit limit(
      Resource resource, String directory, String file, String text, OptionalDouble value) {
    return new Limit(resource, directory, file, text, value);
  }

  @Test
  void itsOwnLimitIsReadEachTimeAndThatOfAnAncestorOnceASecond() throws IOException {
    write("/pods", "cpu.max", "300000 100000");
    write("/pods/web", "cpu.max", "200000 100000");
    assertThat(cgroup.cpuLimits().quota()).hasValue(2);
    write("/pods/web", "cpu.max", "max 100000");
    assertThat(cgroup.cpuLimits().quota()).hasValue(3);
    write("/pods", "cpu.max", "100000 100000");
    kernel.advance(Duration.ofMillis(999));
    assertThat(cgroup.cpuLimits().quota()).hasValue(3);
    kernel.advance(Duration.ofMillis(1));
    assertThat(cgroup.cpuLimits().quota()).hasValue(1);
  }

  @Test
  void containersHaveTheirAncestorsInCommon() throws IOException {
    CgroupHierarchy hierarchy = kernel.cgroups();
    kernel.cgroup("/pods/log", 0);
    write("/pods", "cpu.max", "300000 100000");
    assertThat(hierarchy.at(ProcCgroup.parse("0::/pods/web")).cpuLimits().quota()).hasValue(3);
    kernel.remove("cgroup/pods/cpu.max"); // what was read for one need not be for another
    assertThat(hierarchy.at(ProcCgroup.parse("0::/pods/log")).cpuLimits().quota()).hasValue(3);
  }

  @Test
  void memoryHighCountsOnlyBySetting() throws IOException {
    write("/pods/web", "memory.max", "" + 512 * MIB);
    write("/pods", "memory.high", "" + 100 * MIB);
    assertThat(cgroup.memory().limit()).hasValue(512 * MIB);
    assertThat(open(true).memory().limit()).hasValue(100 * MIB);
    write("/pods", "memory.high", "" + 900 * MIB);
    assertThat(open(true).memory().limit()).hasValue(512 * MIB);
    write("/pods", "memory.high", "max");
    assertThat(open(true).memory().limit()).hasValue(512 * MIB);
  }

  @Test
  void memoryIsInBytes() throws IOException {
    MemoryFacts memory = cgroup.memory();
    assertThat(memory.usage()).isEqualTo(MIB);
    assertThat(memory.activeFile()).isEqualTo(100);
    assertThat(memory.inactiveFile()).isEqualTo(200);
    assertThat(memory.reclaimableSlab()).isEqualTo(300);
    assertThat(memory.meminfo().bytes("AnonPages")).hasValue(4096);
    assertThat(memory.meminfo().bytes("Slab")).hasValue(350);
    assertThat(memory.meminfo().bytes("Mapped")).hasValue(0);
    assertThat(memory.meminfo().bytes("Buffers")).as("which is not accounted").isEmpty();
  }

  @Test
  void whereTheControllerIsOffTheParentAccounts() throws IOException {
    for (String file : List.of("memory.max", "memory.current", "memory.stat")) {
      kernel.remove("cgroup/pods/web/" + file);
    }
    write("/pods", "memory.max", "777216");
    write("/pods", "memory.current", "4096");
    write("/pods", "memory.swap.current", "512");
    write("/pods", "memory.stat", "anon 12");
    MemoryFacts memory = cgroup.memory();
    assertThat(memory.limit()).hasValue(777216);
    assertThat(memory.usage()).isEqualTo(4096);
    assertThat(memory.swapUsage()).isEqualTo(512);
    assertThat(memory.meminfo().bytes("AnonPages")).hasValue(12);
  }

  @Test
  void withoutTheControllerAnywhereMemoryIsAnError() {
    for (String file : List.of("memory.max", "memory.current", "memory.stat")) {
      kernel.remove("cgroup/pods/web/" + file);
    }
    assertThatThrownBy(cgroup::memory).isInstanceOf(IOException.class);
  }

  @Test
  void aCgroupThatIsRemovedIsAnErrorForEverything() throws IOException {
    assertThat(cgroup.cpuUsage().total().sum()).isEqualTo(1_000_000);
    kernel.remove("cgroup/pods/web");
    cgroup.reopen(); // the descriptors of a removed cgroup fail; those of a plain file do not
    assertThatThrownBy(cgroup::memory).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::cpuLimits).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::cpuUsage).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::io).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> threads(cgroup)).isInstanceOf(IOException.class);
    for (Pressure resource : Pressure.values()) {
      assertThatThrownBy(() -> cgroup.pressure(resource)).isInstanceOf(IOException.class);
    }
    assertThatThrownBy(cgroup::usedNanos).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @CsvSource({"150000 100000,1.5", "50000 100000,0.5", "400000 100000,4", "1000 1000000,0.001"})
  void aQuotaIsInCpus(String max, double cpus) throws IOException {
    write("/pods/web", "cpu.max", max);
    assertThat(cgroup.cpuLimits().quota()).hasValue(cpus);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "max",
        "max 100000",
        "100000",
        "100000 ",
        " 100000",
        "100000 0",
        "-1 100000",
        "x y",
        "100000 -5",
        "\n"
      })
  void whatIsNoQuotaIsNoLimit(String max) throws IOException {
    write("/pods/web", "cpu.max", max);
    assertThat(cgroup.cpuLimits().quota()).isEmpty();
  }

  @Test
  void theTightestQuotaCountsWhereverItIsSet() throws IOException {
    write("/pods", "cpu.max", "150000 100000");
    write("/pods/web", "cpu.max", "300000 100000");
    assertThat(cgroup.cpuLimits().quota()).hasValue(1.5);
    write("/pods/web", "cpu.max", "50000 100000");
    assertThat(cgroup.cpuLimits().quota()).hasValue(0.5);
  }

  @Test
  void anEmptyCpusetIsTheParents() throws IOException {
    write("/pods", "cpuset.cpus.effective", "1,3");
    write("/pods/web", "cpuset.cpus.effective", "");
    assertThat(cgroup.cpuLimits().cpuset().lowest(9)).containsExactly(1, 3);
    kernel.remove("cgroup/pods/web/cpuset.cpus.effective");
    assertThat(cgroup.cpuLimits().cpuset().lowest(9)).containsExactly(1, 3);
  }

  @Test
  void whatWasAskedForIsNotWhatCounts() throws IOException {
    write("/pods/web", "cpuset.cpus", "0-3");
    write("/pods/web", "cpuset.cpus.effective", "0-1");
    assertThat(cgroup.cpuLimits().cpuset().size()).isEqualTo(2);
  }

  @Test
  void userTimeIsWithoutNiceTime() throws IOException {
    write(
        "/pods/web",
        "cpu.stat",
        "usage_usec 90\nuser_usec 60\nsystem_usec 30\nnice_usec 20\nnr_periods 3");
    assertThat(cgroup.cpuUsage())
        .isEqualTo(new CpuUsage(new CpuTime(40_000, 20_000, 30_000), List.of()));
  }

  @Test
  void hugeValuesStayPositive() throws IOException {
    write("/pods/web", "memory.current", "18446744073709551615");
    write("/pods/web", "memory.max", "18446744073709551615");
    write("/pods/web", "cpu.stat", "user_usec 18446744073709551615\nsystem_usec 1");
    assertThat(cgroup.memory().usage()).isEqualTo(Long.MAX_VALUE);
    assertThat(cgroup.cpuUsage().total().user()).isPositive();
  }

  @Test
  void countersThatTheKernelLeavesOutAreZero() throws IOException {
    write(
        "/pods/web",
        "io.stat",
        "8:0 rbytes=512 rios=1\n8:16 \n254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6");
    assertThat(cgroup.io())
        .containsOnly(
            Map.entry("8:0", new IoCounters(1, 512, 0, 0, 0, 0)),
            Map.entry("254:0", new IoCounters(3, 1, 4, 2, 6, 5)));
  }

  static int[] threads(Cgroup cgroup) throws IOException {
    return cgroup.threads(() -> false).orElseThrow();
  }

  @Test
  void threadsAreThoseOfTheWholeSubtree() throws IOException {
    kernel
        .members("/pods/web", 10, 11)
        .members("/pods/web/init.scope", 12)
        .members("/pods/web/a/b", 13);
    assertThat(threads(cgroup)).containsExactlyInAnyOrder(10, 11, 12, 13);
  }

  @Test
  void aChildThatVanishesHoldsNothing() throws IOException {
    kernel
        .members("/pods/web", 10)
        .members("/pods/web/a/b", 13)
        .write("cgroup/pods/web/gone/cgroup.type", "domain\n");
    kernel.write("cgroup/pods/web/a/cgroup.threads/unreadable", "");
    assertThat(threads(cgroup)).containsExactlyInAnyOrder(10, 13);
  }

  @Test
  void theSumOfWhatWasUsedIsToldForLess() throws IOException {
    assertThat(cgroup.usedNanos()).isEqualTo(1_000_000);
    assertThat(cgroup.usedNanos()).isEqualTo(cgroup.cpuUsage().total().sum());
  }

  @Test
  void aPressureFileIsServedAsItIs() throws IOException {
    write("/pods/web", "cpu.pressure", "some avg10=1.00");
    assertThat(cgroup.pressure(Pressure.CPU)).isEqualTo("some avg10=1.00\n");
  }

  private Cgroup scope() throws IOException {
    write("/crio-a.scope", "memory.max", "max");
    write("/crio-a.scope", "memory.stat", "anon 1");
    write("/crio-a.scope", "memory.current", "5");
    kernel.cgroup("/crio-a.scope", 1000);
    return kernel.cgroups().at(ProcCgroup.parse("0::/crio-a.scope\n"));
  }

  /** As crun before 1.11 makes them with systemd's driver. */
  @Test
  void limitsRightBelowASystemdScopeAreTheContainers() throws IOException {
    write("/crio-a.scope/container", "memory.max", "" + 128 * MIB);
    write("/crio-a.scope/container", "memory.swap.max", "0");
    write("/crio-a.scope/container", "cpu.max", "50000 100000");
    write("/crio-a.scope/container", "cpuset.cpus.effective", "1");
    Cgroup container = scope();
    assertThat(container.memory().limit()).hasValue(128 * MIB);
    assertThat(container.memory().swapLimit()).hasValue(0);
    assertThat(container.cpuLimits().quota()).hasValue(0.5);
    assertThat(container.cpuLimits().cpuset().lowest(9)).containsExactly(1);
    assertThat(container.memory().usage()).as("of all in the scope").isEqualTo(5);
  }

  /** crun from 1.11 on has some on the scope, too. */
  @Test
  void whatIsRightBelowAScopeOnlyNarrows() throws IOException {
    write("/crio-a.scope/container", "memory.max", "" + 128 * MIB);
    write("/crio-a.scope/container", "memory.swap.max", "max");
    write("/crio-a.scope/container", "cpu.max", "300000 100000");
    Cgroup container = scope();
    write("/crio-a.scope", "memory.max", "" + 64 * MIB);
    write("/crio-a.scope", "memory.swap.max", "4096");
    write("/crio-a.scope", "cpu.max", "200000 100000");
    assertThat(container.memory().limit()).hasValue(64 * MIB);
    assertThat(container.memory().swapLimit()).hasValue(4096);
    assertThat(container.cpuLimits().quota()).hasValue(2);
  }

  @Test
  void noOtherDirectoryBelowAContainerLimitsIt() throws IOException {
    write("/crio-a.scope/init", "memory.max", "4096");
    write("/pods/web/container", "memory.max", "4096");
    assertThat(scope().memory().limit()).isEmpty();
    assertThat(open(false).memory().limit()).isEmpty();
  }

  @Test
  void aDirectoryThatAContainerRemovesLimitsItNoLonger() throws IOException {
    write("/crio-a.scope/container", "memory.max", "4096");
    Cgroup container = scope();
    assertThat(container.memory().limit()).hasValue(4096);
    kernel.remove("cgroup/crio-a.scope/container");
    container.reopen();
    assertThat(container.memory().limit()).isEmpty();
  }

  @Test
  void tasksAreCountedWhereTheControllerIsOn() throws IOException {
    assertThat(cgroup.tasks()).isEmpty();
    write("/pods/web", "pids.current", "12");
    assertThat(cgroup.tasks()).hasValue(12);
  }

  @Test
  void eventsAreThoseOfMemoryStat() throws IOException {
    write(
        "/pods/web", "memory.stat", "anon 4096\npgfault 12\npgscan 5\npgsteal 4\npgsteal_direct 3");
    assertThat(cgroup.paging().events())
        .containsEntry("pgfault", 12L)
        .containsEntry("pgscan_direct", 5L)
        .containsEntry("pgsteal_direct", 3L)
        .containsEntry("oom_kill", 0L);
    assertThat(cgroup.paging().io()).as("without an io controller").isEmpty();
    write("/pods/web", "memory.events", "low 1\noom_kill 2");
    write("/pods/web", "io.stat", "8:0 rbytes=512 rios=1");
    assertThat(cgroup.paging().events()).containsEntry("oom_kill", 2L);
    assertThat(cgroup.paging().io()).containsEntry("8:0", new IoCounters(1, 512, 0, 0, 0, 0));
  }
}
