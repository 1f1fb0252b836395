// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.Load;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
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
            kernel.cgroups(), kernel.host(), kernel.processes(), CpuPolicy.QUOTA, kernel::nanoTime);
    kernel.cgroup("/web", 2_000_000).members("/web", 300, 301);
    kernel.process(300).at("/web").startedAt(9990);
    kernel.process(301).at("/web").startedAt(9995);
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
    assertThat(web().age()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void whenThatEndsTheNextOldestCounts() throws IOException {
    assertThat(web().age()).isEqualTo(Duration.ofSeconds(10));
    kernel.remove("proc/300").members("/web", 301);
    assertThat(web().age()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void aPidThatIsUsedAgainIsAnotherProcess() throws IOException {
    assertThat(web().age()).isEqualTo(Duration.ofSeconds(10));
    kernel.remove("proc/300").process(300).startedAt(9999);
    assertThat(web().age()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void anAgeIsNeverNegative() throws IOException {
    kernel.members("/web", 300).process(300).startedAt(10_001);
    assertThat(web().age()).isZero();
  }

  @Test
  void withoutAProcessThereIsNoAge() {
    kernel.members("/web");
    assertThatThrownBy(() -> web().age())
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
    assertThat(log.age()).isEqualTo(Duration.ofSeconds(1));
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
            kernel::nanoTime);
    assertThat(byCpuset.at(ProcCgroup.parse("0::/web\n")).cpus().hostNumbers())
        .containsExactly(1, 2, 3);
  }

  @Test
  void readersAtTheSameTimeCountNothingTwice() throws Exception {
    int readers = 4;
    int times = 200;
    Container busy =
        new Container(
            ProcCgroup.parse("0::/busy\n"),
            new BusyCgroup(),
            kernel.host(),
            kernel.processes(),
            CpuPolicy.QUOTA,
            kernel::nanoTime);
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
        .isEqualTo((readers * times + 1) * BusyCgroup.EACH_LOOK);
  }

  /**
   * Whoever counts the threads asks for the first of them, and whoever saves asks for the count.
   */
  @Test
  @Timeout(20)
  void whoReadsTheLoadAndWhoSavesDoNotWaitForEachOther() throws Exception {
    kernel.process(300).numbered(1);
    AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    Container container =
        new Container(
            ProcCgroup.parse("0::/busy\n"),
            new BusyCgroup() {
              @Override
              public List<Integer> threads() {
                meanwhile.get().run();
                return super.threads();
              }
            },
            kernel.host(),
            kernel.processes(),
            CpuPolicy.QUOTA,
            kernel::nanoTime);
    AtomicReference<Memory.OfContainer> saved = new AtomicReference<>();
    Thread saving =
        Thread.ofPlatform()
            .daemon()
            .unstarted(() -> {
              try {
                saved.set(container.memory());
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    meanwhile.set(() -> {
      saving.start();
      while (saving.getState() != Thread.State.BLOCKED) {
        Thread.onSpinWait();
      }
    });
    Thread reading =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                Load _ = container.load();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    reading.join(Duration.ofSeconds(10));
    saving.join(Duration.ofSeconds(5));
    assertThat(saved.get()).isNotNull();
    assertThat(saved.get().lastPid()).isEqualTo(1);
  }
}
