// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.podproc.daemon.cgroup.Limit.Resource;
import io.podproc.daemon.fake.FakeKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CgroupV1Test {
  private static final String PATHS =
      "6:memory:/pods/web\n5:cpu,cpuacct:/pods/web\n4:cpuset:/pods/web\n3:blkio:/pods/web\n0::/pods/web\n";

  @TempDir Path root;
  private FakeKernel kernel;

  @BeforeEach
  void makeContainer() {
    kernel = new FakeKernel(root);
    for (String controller : List.of("memory", "cpu", "cpuacct", "cpuset", "blkio")) {
      kernel.write("cgroup/" + controller + "/pods/web/cgroup.procs", "10\n");
    }
    write(
        "memory/pods/web/memory.stat",
        "cache 1\nhierarchical_memory_limit 9223372036854771712\nhierarchical_memsw_limit 9223372036854771712\ntotal_cache 8192\ntotal_rss 4096\ntotal_active_file 3\ntotal_inactive_file 4\ntotal_swap 5");
    write("memory/pods/web/memory.usage_in_bytes", "12288");
    write("memory/pods/web/tasks", "10\n11");
  }

  private void write(String path, String text) {
    kernel.write("cgroup/" + path, text + "\n");
  }

  private Cgroup cgroup() throws IOException {
    return cgroup(PATHS);
  }

  private Cgroup cgroup(String paths) throws IOException {
    return kernel.cgroups().at(ProcCgroup.parse(paths));
  }

  @Test
  void whatIsRequestedIsToldByShares() throws IOException {
    assertThat(cgroup().requestedCpus()).isEmpty();
    write("cpu/pods/web/cpu.shares", "1536");
    assertThat(cgroup().requestedCpus()).hasValue(1.5);
    for (String nothing : List.of("", "0", "-1", "junk")) {
      write("cpu/pods/web/cpu.shares", nothing);
      assertThat(cgroup().requestedCpus()).as(nothing).isEmpty();
    }
  }

  @Test
  void anUnlimitedCgroupSaysAHugeNumber() throws IOException {
    MemoryFacts memory = cgroup().memory();
    assertThat(memory.limit()).hasValue(9223372036854771712L);
    assertThat(memory.swapLimit()).hasValue(9223372036854771712L);
  }

  /** For people who ask where a number is from. */
  @Test
  void eachLevelSaysWhatItLimits() throws IOException {
    write("memory/pods/memory.limit_in_bytes", "4096");
    write("memory/pods/web/memory.limit_in_bytes", "9223372036854771712");
    write("memory/pods/web/memory.memsw.limit_in_bytes", "8192");
    write("cpu/pods/cpu.cfs_quota_us", "150000");
    write("cpu/pods/cpu.cfs_period_us", "100000");
    write("cpu/pods/web/cpu.cfs_quota_us", "-1");
    write("cpu/pods/web/cpu.cfs_period_us", "100000");
    write("cpuset/pods/web/cpuset.effective_cpus", "1");
    String root = kernel.path("cgroup").toString();
    assertThat(cgroup().limits())
        .extracting(
            Limit::resource,
            limit -> limit.directory().substring(root.length()),
            Limit::text,
            Limit::value)
        .containsExactly(
            tuple(Resource.CPU, "/cpu/pods/web", "-1 100000", OptionalDouble.empty()),
            tuple(Resource.CPU, "/cpu/pods", "150000 100000", OptionalDouble.of(1.5)),
            tuple(Resource.CPUSET, "/cpuset/pods/web", "1", OptionalDouble.of(1)),
            tuple(
                Resource.MEMORY, "/memory/pods/web", "9223372036854771712", OptionalDouble.empty()),
            tuple(Resource.MEMORY, "/memory/pods", "4096", OptionalDouble.of(4096)),
            tuple(Resource.SWAP, "/memory/pods/web", "8192", OptionalDouble.of(8192)));
  }

  @Test
  void memoryIsThatOfTheSubtree() throws IOException {
    MemoryFacts memory = cgroup().memory();
    assertThat(memory.usage()).isEqualTo(12288);
    assertThat(memory.swapUsage()).isEqualTo(5);
    assertThat(memory.activeFile()).isEqualTo(3);
    assertThat(memory.inactiveFile()).isEqualTo(4);
    assertThat(memory.meminfo().bytes("Cached")).hasValue(8192);
    assertThat(memory.meminfo().bytes("AnonPages")).hasValue(4096);
    assertThat(memory.meminfo().bytes("Mapped")).hasValue(0);
    assertThat(memory.meminfo().bytes("Slab")).as("which is not accounted").isEmpty();
  }

  @Test
  void theKernelHasTakenTheLeastLimitAlready() throws IOException {
    write("memory/pods/web/memory.stat", "hierarchical_memory_limit 4096");
    assertThat(cgroup().memory().limit()).hasValue(4096);
    assertThat(cgroup().memory().swapLimit()).isEmpty();
  }

  @Test
  void withoutItThatIsDoneHere() throws IOException {
    write("memory/pods/web/memory.stat", "total_rss 1");
    write("memory/pods/memory.limit_in_bytes", "4096");
    write("memory/pods/web/memory.limit_in_bytes", "8192");
    assertThat(cgroup().memory().limit()).hasValue(4096);
  }

  @Test
  void theTightestQuotaCountsWhereverItIsSet() throws IOException {
    write("cpu/pods/cpu.cfs_quota_us", "150000");
    write("cpu/pods/cpu.cfs_period_us", "100000");
    write("cpu/pods/web/cpu.cfs_quota_us", "-1");
    write("cpu/pods/web/cpu.cfs_period_us", "100000");
    assertThat(cgroup().cpuLimits().quota()).hasValue(1.5);
    write("cpu/pods/web/cpu.cfs_quota_us", "25000");
    assertThat(cgroup().cpuLimits().quota()).hasValue(0.25);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "", "-1", "x"})
  void aPeriodThatIsNoneIsNoQuota(String period) throws IOException {
    write("cpu/pods/web/cpu.cfs_quota_us", "100000");
    write("cpu/pods/web/cpu.cfs_period_us", period);
    assertThat(cgroup().cpuLimits().quota()).isEmpty();
  }

  @Test
  void anEmptyCpusetIsTheParents() throws IOException {
    write("cpuset/pods/cpuset.cpus", "2-3");
    write("cpuset/pods/web/cpuset.cpus", "");
    assertThat(cgroup().cpuLimits().cpuset().lowest(9)).containsExactly(2, 3);
    write("cpuset/pods/web/cpuset.effective_cpus", "3");
    assertThat(cgroup().cpuLimits().cpuset().lowest(9)).containsExactly(3);
  }

  @Test
  void usageIsToldByCpu() throws IOException {
    write("cpuacct/pods/web/cpuacct.usage_percpu", "100 300 junk ");
    write("cpuacct/pods/web/cpuacct.stat", "user 3\nsystem 1");
    assertThat(cgroup().cpuUsage())
        .isEqualTo(new CpuUsage(new CpuTime(300, 0, 100), List.of(100L, 300L, 0L)));
  }

  @Test
  void whatWasUsedIsOfTheKernelWhileNoTickHasSeenIt() throws IOException {
    write("cpuacct/pods/web/cpuacct.usage_percpu", "100");
    write("cpuacct/pods/web/cpuacct.stat", "user 0\nsystem 0");
    assertThat(cgroup().cpuUsage().total()).isEqualTo(new CpuTime(0, 0, 100));
  }

  @Test
  void theSumOfWhatWasUsedIsToldForLess() throws IOException {
    write("cpuacct/pods/web/cpuacct.usage", "400");
    assertThat(cgroup().usedNanos()).isEqualTo(400);
    kernel.remove("cgroup/cpuacct/pods/web");
    assertThatThrownBy(() -> cgroup().usedNanos()).isInstanceOf(IOException.class);
  }

  @Test
  void diskRequestsAreToldByDevice() throws IOException {
    write(
        "blkio/pods/web/blkio.throttle.io_serviced_recursive",
        "8:0 Read 3\n8:0 Write 4\n8:0 Sync 7\n8:0 Discard 1\n8:0 Total 8\nTotal 8");
    write(
        "blkio/pods/web/blkio.throttle.io_service_bytes_recursive",
        "8:0 Read 1536\n8:0 Write 2048\n8:0 Discard 512\nTotal 4096");
    assertThat(cgroup().io())
        .containsOnly(Map.entry("8:0", new IoCounters(3, 1536, 4, 2048, 1, 512)));
  }

  @Test
  void devicesThatTheKernelCannotNameArePassedOver() throws IOException {
    write("blkio/pods/web/blkio.throttle.io_serviced_recursive", "(unknown) Read 3\nTotal 3");
    write("blkio/pods/web/blkio.throttle.io_service_bytes_recursive", "");
    assertThat(cgroup().io()).doesNotContainKey("8:0");
  }

  @Test
  void aHybridKeepsPressureInItsUnifiedTree() throws IOException {
    assertThatThrownBy(() -> cgroup().pressure(Pressure.IO)).isInstanceOf(IOException.class);
    write("unified/pods/web/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=9");
    assertThat(cgroup().pressure(Pressure.IO)).startsWith("some ");
  }

  @Test
  void aControllerThatIsNotOfVersion1IsAskedOfVersion2() throws IOException {
    write("unified/pods/web/cpu.max", "200000 100000");
    write("unified/pods/web/cpu.stat", "user_usec 7\nsystem_usec 0");
    write("unified/pods/web/memory.stat", "anon 5");
    write("unified/pods/web/memory.current", "6");
    write("unified/pods/web/io.stat", "8:0 rios=1");
    kernel.members("/../cgroup/unified/pods/web", 77);
    Cgroup cgroup = cgroup("1:name=systemd:/pods/web\n0::/pods/web\n");
    assertThat(cgroup.cpuLimits().quota()).hasValue(2);
    assertThat(cgroup.cpuUsage().total().user()).isEqualTo(7000);
    assertThat(cgroup.memory().usage()).isEqualTo(6);
    assertThat(cgroup.io()).containsKey("8:0");
    assertThat(CgroupV2Test.threads(cgroup)).containsExactly(77);
  }

  @Test
  void threadsAreThoseOfTheWholeSubtree() throws IOException {
    write("memory/pods/web/docker/tasks", "12");
    assertThat(CgroupV2Test.threads(cgroup())).containsExactlyInAnyOrder(10, 11, 12);
  }

  @Test
  void aSlabinfoThatTheKernelNoLongerFillsIsNone() throws IOException {
    assertThat(cgroup().slabinfo()).isEmpty();
    kernel.write("cgroup/memory/pods/web/memory.kmem.slabinfo", "");
    assertThat(cgroup().slabinfo()).isEmpty();
    write("memory/pods/web/memory.kmem.slabinfo", "slabinfo - version: 2.1");
    assertThat(cgroup().slabinfo()).contains("slabinfo - version: 2.1\n");
  }

  @Test
  void aCgroupThatIsRemovedIsAnError() throws IOException {
    Cgroup cgroup = cgroup();
    assertThat(cgroup.memory().usage()).isEqualTo(12288);
    kernel
        .remove("cgroup/memory/pods/web")
        .remove("cgroup/cpu/pods/web")
        .remove("cgroup/cpuacct/pods/web");
    cgroup.close();
    assertThatThrownBy(cgroup::memory).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::cpuLimits).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::cpuUsage).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> CgroupV2Test.threads(cgroup)).isInstanceOf(IOException.class);
    assertThatThrownBy(cgroup::slabinfo).isInstanceOf(IOException.class);
  }

  @Test
  void aHostWithoutCgroupsIsToldSo() {
    FakeKernel bare = new FakeKernel(root.resolve("bare"));
    assertThatThrownBy(bare::cgroups)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("neither cgroup v2");
  }

  @Test
  void theVersionIsToldForTheLog() throws IOException {
    assertThat(kernel.cgroups().version()).isEqualTo("v1 or hybrid");
    assertThat(FakeKernel.v2(root.resolve("other")).cgroups().version()).isEqualTo("v2");
  }

  @Test
  void tasksAreCountedWhereTheKernelCountsThem() throws IOException {
    assertThat(cgroup().tasks()).isEmpty();
    kernel.write("cgroup/pids/pods/web/pids.current", "12\n");
    assertThat(cgroup("4:pids:/pods/web\n" + PATHS).tasks()).hasValue(12);
    assertThat(cgroup("4:pids:/\n" + PATHS).tasks()).as("the root counts none").isEmpty();
  }

  @Test
  void eventsAreThoseOfTheSubtreeThatMeanTheSame() throws IOException {
    write(
        "memory/pods/web/memory.stat",
        "pgfault 1\ntotal_pgpgin 99\ntotal_pgfault 12\ntotal_pgmajfault 3\ntotal_workingset_refault_file 4");
    write("memory/pods/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2");
    write("blkio/pods/web/blkio.throttle.io_serviced_recursive", "8:0 Read 1\n8:0 Write 0");
    write("blkio/pods/web/blkio.throttle.io_service_bytes_recursive", "8:0 Read 512\n8:0 Write 0");
    assertThat(cgroup().paging().events())
        .containsOnly(
            Map.entry("pgfault", 12L),
            Map.entry("pgmajfault", 3L),
            Map.entry("workingset_refault_file", 4L),
            Map.entry("oom_kill", 2L));
    assertThat(cgroup().paging().io())
        .containsOnly(Map.entry("8:0", new IoCounters(1, 512, 0, 0, 0, 0)));
  }
}
