// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.rules.ViewWish;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What containers are shown whose pods have annotations for that. */
class ViewsOfPodsTest {
  private static final String UID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
  private static final String POD = "/kubepods/burstable/pod" + UID;
  private static final String WEB = POD + "/" + "a".repeat(64);
  private static final long SECOND = 1_000_000_000;

  @TempDir Path root;
  private FakeKernel kernel;
  private Containers containers;

  @BeforeEach
  void boot() throws IOException {
    kernel = FakeKernel.v2(root);
    kernel.cgroup(WEB, 0).members(WEB, 300).process(300).at(WEB).startedAt(9990);
    kernel
        .write("cgroup" + WEB + "/memory.current", "104857600\n")
        .write("cgroup" + WEB + "/memory.stat", "anon 83886080\nfile 16777216\n");
    containers = containers(CpuPolicy.QUOTA);
  }

  private Containers containers(CpuPolicy policy) throws IOException {
    return new Containers(
        kernel.cgroups(),
        kernel.host(),
        kernel.processes(),
        policy,
        FakeKernel.looks(),
        kernel::nanoTime);
  }

  private Container web() {
    return containers.at(ProcCgroup.parse("0::" + WEB + "\n"));
  }

  private void tell(Map<String, String> annotations) {
    containers.tell(Map.of(UID, ViewWish.of(annotations)));
  }

  private void cpus(String wish) {
    tell(Map.of("podproc.io/cpus", wish));
  }

  private void cgroup(String file, String text) {
    kernel.write("cgroup" + WEB + "/" + file, text + "\n");
  }

  @Test
  void whatIsToldHoldsFromTheNextReadOnAndUntilSomethingElseIs() throws IOException {
    assertThat(web().cpus().list()).isEqualTo("0-3");
    cpus("2");
    assertThat(web().cpus().list()).isEqualTo("0-1");
    containers.tell(Map.of("00000000-0000-0000-0000-000000000000", ViewWish.NONE));
    assertThat(web().cpus().list()).isEqualTo("0-1");
    containers.forget(UID::equals);
    assertThat(web().cpus().list()).isEqualTo("0-1"); // what is not known stays as it is
    tell(Map.of());
    assertThat(web().cpus().list()).isEqualTo("0-3");
  }

  @Test
  void whatWasToldBeforeItBeganHoldsFromItsFirstRead() throws IOException {
    tell(Map.of("podproc.io/cpus", "1", "podproc.io/memory", "1Gi"));
    assertThat(web().cpus().count()).isEqualTo(1);
    assertThat(web().memoryFacts().limit()).hasValue(1L << 30);
  }

  @ParameterizedTest
  @CsvSource({
    "max, 0-3, 2, 2, 2",
    "max, 0-3, 0.5, 1, 0.5",
    "max, 0-3, 1.5, 2, 1.5",
    "max, 0-3, 4, 4, 4",
    "max, 0-3, 8192, 4, 4",
    "max, 0-3, 10m, 1, 0.01",
    "100000, 0-3, 3, 1, 1",
    "50000, 0-3, 3, 1, 0.5",
    "150000, 0-3, 1, 1, 1",
    "max, '1,3', 8, 2, 2",
    "max, '1,3', 1, 1, 1",
    "100000, 0-3, limit, 1, 1",
    "100000, 0-1, cpuset, 2, 2",
    "100000, 0-3, nonsense, 1, 1",
  })
  void aNumberNarrowsWhatThereIs(
      String quota, String cpuset, String wish, int count, double capacity) throws IOException {
    cgroup("cpu.max", quota + " 100000");
    cgroup("cpuset.cpus.effective", cpuset);
    double all = web().cpus().capacity();
    cpus(wish);
    assertThat(web().cpus().count()).isEqualTo(count);
    assertThat(web().cpus().capacity()).isEqualTo(capacity);
    assertThat(web().cpus().isBound()).isEqualTo(capacity >= all);
  }

  @Test
  void theyAreNumberedFromNothingWhereSomeAreHiddenUnlessTheyAreToBeBoundTo() throws IOException {
    cgroup("cpuset.cpus.effective", "1,3");
    cpus("1");
    assertThat(web().cpus().list()).isEqualTo("0");
    cpus("2");
    assertThat(web().cpus().list()).isEqualTo("1,3");
    cpus("1.5");
    assertThat(web().cpus().list()).isEqualTo("1,3");
    containers = containers(CpuPolicy.BINDABLE);
    cpus("1");
    assertThat(web().cpus().list()).isEqualTo("1");
  }

  @Test
  void theDaemonsPolicyIsTheUsualAndALimitCountsUnderAnyOfThem() throws IOException {
    cgroup("cpu.max", "100000 100000");
    containers = containers(CpuPolicy.CPUSET);
    assertThat(web().cpus().count()).isEqualTo(4);
    cpus("limit");
    assertThat(web().cpus().count()).isEqualTo(1);
  }

  @Test
  void whatIsRequestedIsTheWeightOfTheCgroup() throws IOException {
    kernel.write("cgroup" + POD + "/cpu.weight", "79\n"); // 2 CPUs by the kubelet
    cpus("request");
    assertThat(web().cpus().count()).isEqualTo(4); // no weight
    cgroup("cpu.weight", "79");
    kernel.advance(Duration.ofSeconds(1));
    assertThat(web().cpus().count()).isEqualTo(2);
    assertThat(web().cpus().capacity()).isEqualTo(2);
    cgroup("cpu.weight", "174"); // 2 CPUs by a newer runtime
    kernel.advance(Duration.ofSeconds(1));
    assertThat(web().cpus().capacity()).isEqualTo(2);
    assertThat(web().cpus().count()).isEqualTo(2);
    cgroup("cpu.weight", "1");
    assertThat(web().cpus().count()).isEqualTo(1);
    assertThat(web().cpus().capacity()).isEqualTo(0.01);
  }

  @Test
  void aRequestIsThatOfTheContainerWhereverTheRuntimeHasWrittenIt() throws IOException {
    String scope =
        "/kubepods.slice/kubepods-pod%s.slice/crio-%s.scope"
            .formatted(UID.replace('-', '_'), "b".repeat(64));
    kernel.cgroup(scope, 0).members(scope, 301).process(301).at(scope).startedAt(9990);
    kernel
        .write("cgroup" + scope + "/cpu.weight", "100\n") // nobody's
        .write("cgroup" + scope + "/container/cpu.weight", "39\n");
    cpus("request");
    assertThat(containers.at(ProcCgroup.parse("0::" + scope + "\n")).cpus().count()).isEqualTo(1);
    kernel.write("cgroup" + scope + "/cpu.weight", "79\n");
    kernel.write("cgroup" + scope + "/container/cpu.weight", "100\n");
    assertThat(containers.at(ProcCgroup.parse("0::" + scope + "\n")).cpus().count()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-5", "max", "junk", "99999999999999999999"})
  void aWeightThatMeansNothingNarrowsNothing(String weight) throws IOException {
    cgroup("cpu.weight", weight);
    kernel.write("cgroup" + POD + "/cpu.weight", weight + "\n");
    cpus("request");
    assertThat(web().cpus().count()).isEqualTo(4);
  }

  @Test
  void memoryIsNarrowedAndNeverMoreIsUsedThanThereIs() throws IOException {
    tell(Map.of("podproc.io/memory", "50Mi"));
    assertThat(web().memoryFacts().limit()).hasValue(50 << 20);
    assertThat(web().memoryFacts().usage()).isEqualTo(50 << 20);
    assertThat(web().memoryFacts().meminfo().bytes("AnonPages")).hasValue(40 << 20);
    cgroup("memory.max", "41943040");
    assertThat(web().memoryFacts().limit()).hasValue(40 << 20);
    tell(Map.of("podproc.io/memory", "limit"));
    assertThat(web().memoryFacts().usage()).isEqualTo(100 << 20);
  }

  private static double busy(CpuTimes.Cpu before, CpuTimes.Cpu after) {
    double used = after.used().sum() - before.used().sum();
    return used / (used + after.idle() - before.idle());
  }

  @Test
  void whoUsesMoreThanItSeesIsBusyAndNoCounterGoesBack() throws IOException {
    CpuTimes all = web().cpuTimes();
    cpus("1");
    CpuTimes last = web().cpuTimes();
    assertThat(last.total()).isEqualTo(all.total());
    long usedMicros = 0;
    for (int second = 1; second <= 20; second++) {
      usedMicros += 4_000_000; // all four CPUs
      kernel.cgroup(WEB, usedMicros).advance(Duration.ofSeconds(1));
      CpuTimes now = web().cpuTimes();
      assertThat(now.visible()).hasSize(1);
      assertThat(now.total().idle()).isEqualTo(last.total().idle());
      assertThat(busy(last.total(), now.total())).isEqualTo(1);
      long more = now.total().used().sum() - last.total().used().sum();
      assertThat(more)
          .isBetween(SECOND, second == 1 ? SECOND * 5 / 4 : SECOND)
          .isEqualTo(
              now.visible().getFirst().used().sum() - last.visible().getFirst().used().sum());
      last = now;
    }
    cpus("limit");
    CpuTimes wide = web().cpuTimes();
    assertThat(wide.total()).isEqualTo(last.total());
    kernel.advance(Duration.ofSeconds(2));
    CpuTimes rested = web().cpuTimes();
    assertThat(rested.total().used()).isEqualTo(wide.total().used());
    assertThat((double) rested.total().idle() - wide.total().idle())
        .isBetween(7.5 * SECOND, 8.0 * SECOND);
  }

  @Test
  void whoUsesHalfOfAHalfIsHalfBusy() throws IOException {
    cpus("500m");
    CpuTimes before = web().cpuTimes();
    kernel.cgroup(WEB, 1_000_000).advance(Duration.ofSeconds(4));
    assertThat(busy(before.total(), web().cpuTimes().total())).isEqualTo(0.5);
  }

  @Test
  void oneContainerIsKnownByWhatTheKubeletMountsIntoIt() throws IOException {
    kernel.write(
        "proc/300/mountinfo",
        """
        500 400 0:50 / / rw - overlay overlay rw
        501 500 8:1 /lib/kubelet/pods/%s/volumes/x/containers/log/1 /data rw - ext4 /dev/sda1 rw
        502 500 8:1 /lib/kubelet/pods/%s/containers/web/5d2c7a11 /dev/termination-log rw - ext4 /dev/sda1 rw
        """
            .formatted("00000000-0000-0000-0000-000000000000", UID));
    tell(Map.of("podproc.io/cpus", "3", "podproc.io/cpus.web", "1", "podproc.io/cpus.log", "2"));
    assertThat(web().cpus().count()).isEqualTo(1);
    tell(Map.of("podproc.io/cpus", "3", "podproc.io/cpus.log", "2"));
    assertThat(web().cpus().count()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "502 500 8:1 /pods/%s/containers/w e b/1 /x rw - a b c"})
  void whoseNameCantBeToldIsShownWhatHoldsForAll(String mountinfo) throws IOException {
    kernel.write("proc/300/mountinfo", mountinfo.replace("%s", UID));
    tell(Map.of("podproc.io/cpus", "3", "podproc.io/cpus.web", "1"));
    assertThat(web().cpus().count()).isEqualTo(3);
  }

  @Test
  void whoIsGoneIsShownWhatItWas() throws IOException {
    tell(Map.of("podproc.io/cpus", "3", "podproc.io/cpus.web", "1"));
    assertThat(web().cpus().count()).isEqualTo(4);
  }

  @Test
  void theNextDaemonShowsTheSameBeforeItIsToldAnything() throws IOException {
    tell(Map.of("podproc.io/cpus", "1", "podproc.io/memory", "1Gi"));
    assertThat(web().cpus().count()).isEqualTo(1);
    List<Snapshot.OfContainer> snapshots = containers.snapshots();
    containers = containers(CpuPolicy.QUOTA);
    containers.remember(snapshots);
    assertThat(web().cpus().count()).isEqualTo(1);
    assertThat(web().memoryFacts().limit()).hasValue(1L << 30);
    tell(Map.of("podproc.io/memory", "1Gi"));
    assertThat(web().cpus().count()).isEqualTo(4);
  }
}
