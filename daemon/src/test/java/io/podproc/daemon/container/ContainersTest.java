// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.Load;
import io.podproc.rules.Shown;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ContainersTest {
  @TempDir Path root;
  private FakeKernel kernel;
  private Containers containers;

  @BeforeEach
  void boot() throws IOException {
    kernel = FakeKernel.v2(root);
    containers =
        new Containers(
            kernel.cgroups(),
            kernel.host(),
            kernel.processes(),
            CpuPolicy.QUOTA,
            FakeKernel.looks(),
            kernel::nanoTime);
    kernel.cgroup("/web", 2_000_000).members("/web", 300, 301);
    kernel.process(300).at("/web").startedAt(9990);
    kernel.process(301).at("/web").startedAt(9995);
  }

  private void sample() {
    LoadSampler sampler =
        new LoadSampler(containers, Duration.ofSeconds(5), LoadSamplerTest::fail, kernel::nanoTime);
    kernel.advance(Duration.ofSeconds(5));
    sampler.sample();
  }

  private Container web() {
    return containers.at(ProcCgroup.parse("0::/web\n"));
  }

  @Test
  void aContainerIsKnownFromItsFirstReader() {
    assertThat(containers.size()).isZero();
    assertThat(web()).isSameAs(web());
    assertThat(containers.size()).isEqualTo(1);
    assertThat(containers.at(ProcCgroup.parse("0::/other\n"))).isNotSameAs(web());
  }

  @Test
  void itIsAsOldAsItsOldestProcess() throws IOException {
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void whenThatEndsTheNextOldestCounts() throws IOException {
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(10));
    kernel.remove("proc/300").members("/web", 301);
    sample();
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void aPidThatIsUsedAgainIsAnotherProcess() throws IOException {
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(10));
    kernel.remove("proc/300").process(300).startedAt(9999);
    sample();
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void anAgeIsNeverNegative() throws IOException {
    kernel.members("/web", 300).process(300).startedAt(10_001);
    assertThat(web().threads().age()).isZero();
  }

  @Test
  void withoutAProcessThereIsNoAge() {
    kernel.members("/web");
    assertThatThrownBy(() -> web().threads().age())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no process");
  }

  @Test
  void idleTimeIsWhatItMightHaveUsedAndDidNot() throws IOException {
    kernel.write("cgroup/web/cpu.max", "150000 100000\n");
    // 10 s old, 2 s of CPU time used, of 15 s that it might have.
    assertThat(web().cpuTimes().total().idle()).isEqualTo(13_000_000_000L);
    assertThat(web().cpuTimes().visible()).hasSize(2);
  }

  @Test
  void eachContainerHasItsOwnAccounts() throws IOException {
    kernel.cgroup("/log", 1_000_000).members("/log", 400).process(400).at("/log").startedAt(9999);
    Container log = containers.at(ProcCgroup.parse("0::/log\n"));
    assertThat(log.cpuTimes().total().used().sum()).isEqualTo(1_000_000_000L);
    assertThat(web().cpuTimes().total().used().sum()).isEqualTo(2_000_000_000L);
    assertThat(log.threads().age()).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void thePolicyDecidesWhetherAQuotaCounts() throws IOException {
    kernel
        .write("cgroup/web/cpu.max", "100000 100000\n")
        .write("cgroup/web/cpuset.cpus.effective", "1-3\n");
    assertThat(web().cpus().hostNumbers()).containsExactly(1);
    Containers byCpuset =
        new Containers(
            kernel.cgroups(),
            kernel.host(),
            kernel.processes(),
            CpuPolicy.CPUSET,
            FakeKernel.looks(),
            kernel::nanoTime);
    assertThat(byCpuset.at(ProcCgroup.parse("0::/web\n")).cpus().hostNumbers())
        .containsExactly(1, 2, 3);
  }

  @Test
  void readersAtTheSameTimeCountNothingTwice() throws Exception {
    int readers = 4;
    int times = 200;
    Container busy = container(new BusyCgroup(), FakeKernel.looks());
    busy.threads().lookSoon();
    try (ExecutorService threads = Executors.newFixedThreadPool(readers)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        all.add(
            threads.submit(() -> {
              for (int j = 0; j < times; j++) {
                busy.cpuTimes();
              }
              return null;
            }));
      }
      for (Future<?> reader : all) {
        reader.get();
      }
    }
    assertThat(busy.cpuTimes().total().used().sum())
        .isEqualTo((readers * times + 2) * BusyCgroup.EACH_LOOK); // the first look, and ours
  }

  private Container container(Cgroup cgroup, Looks looks) {
    ProcCgroup paths = ProcCgroup.parse("0::/busy\n");
    return new Container(
        paths,
        cgroup,
        new Container.Node(
            kernel.host(), kernel.processes(), CpuPolicy.QUOTA, looks, kernel::nanoTime),
        new ContainerView(containers, paths),
        Optional.of(new Ancestry(kernel.processes(), 301)));
  }

  /** A cgroup whose threads nobody has ever counted to the end. */
  private static final class EndlessCgroup extends BusyCgroup {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    @Override
    public Optional<int[]> threads(BooleanSupplier isOver) {
      begun.countDown();
      try {
        ended.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return Optional.empty();
    }
  }

  /** Else it is each thread that serves who waits, and nobody on the node is answered. */
  @Test
  @Timeout(20)
  void whoReadsWaitsForNobodyWhoCountsThreads() throws Exception {
    EndlessCgroup cgroup = new EndlessCgroup();
    kernel.process(301).at("/busy").parent(300).startedAt(9995);
    kernel.process(300).at("/busy").startedAt(9990);
    try (ExecutorService looking = Executors.newSingleThreadExecutor()) {
      try {
        Container container = container(cgroup, new Looks(looking, LoadSamplerTest::fail));
        container.threads().lookSoon();
        cgroup.begun.await();
        // The first one waits a moment, and is told what is known without a count.
        assertThat(container.threads().load())
            .isEqualTo(new Load(List.of(0L, 0L, 0L), 0, 0, 0, 0, 0));
        assertThat(container.threads().age()).isEqualTo(Duration.ofSeconds(10));
        assertThat(container.cpuTimes().visible()).hasSize(2);
        assertThat(container.snapshot()).isEmpty();
        kernel.remove("proc/301").bootedFor(Duration.ofSeconds(10_003));
        assertThat(container.threads().age())
            .as("when that one has ended")
            .isEqualTo(Duration.ofSeconds(13));
      } finally {
        cgroup.ended.countDown();
      }
    }
  }

  @Test
  void whoseFirstCallerHasEndedIsAsOldAsWhatIsKnownOfIt() throws Exception {
    EndlessCgroup cgroup = new EndlessCgroup();
    try (ExecutorService looking = Executors.newSingleThreadExecutor()) {
      try {
        Container container = container(cgroup, new Looks(looking, LoadSamplerTest::fail));
        container.threads().lookSoon();
        kernel.remove("proc/301");
        assertThat(container.threads().age()).isEqualTo(Duration.ofSeconds(5));
        kernel.remove("proc/300").bootedFor(Duration.ofSeconds(10_003));
        assertThat(container(cgroup, new Looks(looking, LoadSamplerTest::fail)).threads().age())
            .isZero();
      } finally {
        cgroup.ended.countDown();
      }
    }
  }

  @Test
  void theFirstReaderIsToldWhatTheFirstLookFinds() throws Exception {
    try (ExecutorService looking = Executors.newSingleThreadExecutor()) {
      Container container = container(new BusyCgroup(), new Looks(looking, LoadSamplerTest::fail));
      container.threads().lookSoon();
      assertThat(container.threads().load().total()).isEqualTo(1);
    }
  }

  @Test
  void thereIsABoundToHowManyAreKnown() {
    Container first = web();
    for (int i = 0; i < Containers.MAX_CONTAINERS + 5; i++) {
      kernel.advance(Duration.ofSeconds(1));
      Container next = containers.at(ProcCgroup.parse("0::/c" + i + "\n"));
      next.ask();
    }
    assertThat(containers.size()).isEqualTo(Containers.MAX_CONTAINERS);
    assertThat(containers.evictions()).isEqualTo(6);
    assertThat(first.isClosed()).isTrue();
    assertThat(web().isClosed()).isFalse();
  }

  private static Snapshot.OfContainer snapshot(String path) {
    return new Snapshot.OfContainer(
        ProcCgroup.parse("0::" + path + "\n"),
        300,
        Duration.ofSeconds(9990),
        Optional.empty(),
        new Load(List.of(7L, 8L, 9L), 1, 2, 3, 17, 17),
        1000,
        Optional.of(new NodeCounts(3, 2, List.of())),
        Shown.USUAL);
  }

  @Test
  void aContainerGoesOnWhereAnotherDaemonLeftOff() throws IOException {
    containers.remember(List.of(snapshot("/web")));
    assertThat(web().threads().load()).isEqualTo(new Load(List.of(7L, 8L, 9L), 1, 2, 3, 17, 17));
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(10));
    assertThat(containers.snapshots()).containsExactly(snapshot("/web"));
  }

  private void nodeCounts(int interrupts, int switches, int soft) {
    kernel.write(
        "proc/stat",
        "intr " + interrupts + " 7 8\nctxt " + switches + "\nsoftirq " + soft + " 1\n");
  }

  @Test
  void theNodesCountsBeginWithTheFirstLook() throws IOException {
    nodeCounts(1000, 2000, 3000);
    assertThat(web().nodeCounts()).isEqualTo(new NodeCounts(0, 0, List.of(0L, 0L)));
    nodeCounts(1005, 2006, 3007);
    assertThat(web().nodeCounts()).isEqualTo(new NodeCounts(5, 6, List.of(7L, 0L)));
    kernel.cgroup("/log", 1);
    assertThat(containers.at(ProcCgroup.parse("0::/log\n")).nodeCounts().interrupts()).isZero();
    nodeCounts(10, 20, 30);
    assertThat(web().nodeCounts()).isEqualTo(new NodeCounts(0, 0, List.of(0L, 0L)));
  }

  @Test
  void theNodesCountsGoOnWhereAnotherDaemonLeftOff() throws IOException {
    containers.remember(List.of(snapshot("/web")));
    nodeCounts(1000, 2000, 3000);
    assertThat(web().nodeCounts()).isEqualTo(new NodeCounts(997, 1998, List.of(3000L, 1L)));
    assertThat(containers.snapshots()).containsExactly(snapshot("/web"));
  }

  @Test
  void anotherContainerOfThatNameBeginsAnew() throws IOException {
    kernel.process(300).at("/web").startedAt(9991);
    containers.remember(List.of(snapshot("/web")));
    assertThat(web().threads().load().averages()).containsOnly(0L);
    assertThat(web().threads().load().total()).isEqualTo(2);
  }

  @Test
  void whatIsRememberedExceedsNoBound() {
    List<Snapshot.OfContainer> snapshots = new ArrayList<>();
    snapshots.add(snapshot("/web/docker-" + "a".repeat(64) + ".scope"));
    snapshots.add(snapshot("/web"));
    snapshots.add(snapshot("/a".repeat(200)));
    snapshots.add(snapshot("/" + "a".repeat(3000)));
    containers.remember(snapshots);
    assertThat(containers.snapshots()).containsExactly(snapshot("/web"));
    for (int i = 0; i < 2 * Containers.MAX_CONTAINERS; i++) {
      snapshots.add(snapshot("/c" + i));
    }
    containers.remember(snapshots);
    assertThat(containers.snapshots()).hasSize(Containers.MAX_CONTAINERS);
  }

  /** An open file is a few bytes; a container is dozens of descriptors. */
  @Test
  @Timeout(20)
  void anOpenFileKeepsNoContainer() {
    ContainerView view = web().view();
    WeakReference<Container> container = new WeakReference<>(view.known());
    containers.remove(web());
    while (container.get() != null) {
      System.gc();
    }
    assertThat(view.known()).isNull();
    assertThat(view.container()).isSameAs(web());
    assertThat(web().view()).isEqualTo(view).hasSameHashCodeAs(view);
  }
}
