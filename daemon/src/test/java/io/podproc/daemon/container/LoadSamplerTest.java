// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.Load;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadSamplerTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  @TempDir Path root;
  private FakeKernel kernel;
  private Containers containers;
  private LoadSampler sampler;
  private long used;

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
    sampler = new LoadSampler(containers, INTERVAL, LoadSamplerTest::fail, kernel::nanoTime);
    kernel.process(300).at("/web").namespace("pid:[7]").numbered(1).startedAt(9000);
    kernel.process(301).at("/web").namespace("pid:[7]").numbered(17).startedAt(9001).state('R');
    kernel.members("/web", 300, 301);
    run();
  }

  static void fail(Throwable thrown) {
    throw new AssertionError(thrown);
  }

  /** The container uses CPU time. */
  private void run() {
    kernel.cgroup("/web", ++used);
  }

  private Container web() {
    return containers.at(ProcCgroup.parse("0::/web\n"));
  }

  private void sampleAfter(Duration time) {
    kernel.advance(time);
    sampler.sample();
  }

  @Test
  void theFirstReadCountsOnTheSpotAndHasNoAverageYet() throws IOException {
    assertThat(web().threads().load()).isEqualTo(new Load(List.of(0L, 0L, 0L), 1, 0, 2, 17, 17));
  }

  @Test
  void runningAndBlockedThreadsAreLoadAndSleepersAreNot() throws IOException {
    kernel.members("/web", 300, 301, 302, 303, 304);
    kernel.process(302).state('D');
    kernel.process(303).state('Z');
    kernel.process(304).state('I');
    web();
    sampleAfter(INTERVAL);
    Load load = web().threads().load();
    assertThat(load.running()).isEqualTo(1);
    assertThat(load.blocked()).isEqualTo(1);
    assertThat(load.total()).isEqualTo(5);
    LoadAverage expected = new LoadAverage();
    expected.advance(2, 1, INTERVAL);
    assertThat(load.averages()).isEqualTo(expected.values());
  }

  /** A clock that goes on by itself: each look at it takes 0.1 ms. */
  private LoadSampler hurried(List<Throwable> failures) {
    return new LoadSampler(
        containers,
        INTERVAL,
        failures::add,
        () -> kernel.advance(Duration.ofNanos(100_000)).nanoTime());
  }

  private void manyThreads(int count) {
    int[] tids = IntStream.range(1000, 1000 + count).toArray();
    for (int tid : tids) {
      kernel.process(tid).at("/web").startedAt(9000).state('R');
    }
    kernel.members("/web", tids);
  }

  @Test
  void aContainerWithManyThreadsIsLookedAtInSlices() {
    Container web = web();
    List<Throwable> failures = new ArrayList<>();
    sampler = hurried(failures);
    manyThreads(2000);
    int rounds = 0;
    while (web.threads().loadAccount().load().total() == 2) {
      run();
      long begun = kernel.nanoTime();
      sampleAfter(INTERVAL);
      // No round takes longer than that, however many threads there are.
      assertThat(kernel.nanoTime() - begun - INTERVAL.toNanos()).isLessThan(80_000_000);
      rounds++;
    }
    assertThat(rounds).isBetween(3, 6);
    assertThat(web.threads().loadAccount().load().running()).isEqualTo(2000);
    assertThat(sampler.cuts()).isZero();
    assertThat(failures).isEmpty();
  }

  /** On a busy node whoever looks may be kept from the CPU meanwhile. */
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 6, 7})
  void aLookThatWasInterruptedIsThroughBeforeItCounts(int interruption) throws IOException {
    Container web = web();
    List<Throwable> failures = new ArrayList<>();
    AtomicInteger looksAtTheClock = new AtomicInteger();
    sampler =
        new LoadSampler(
            containers,
            INTERVAL,
            failures::add,
            () ->
                looksAtTheClock.getAndIncrement() == interruption
                    ? kernel.advance(Duration.ofMillis(30)).nanoTime()
                    : kernel.nanoTime());
    kernel.members("/web", 300, 301, 302, 303);
    kernel.process(302).state('R');
    kernel.process(303).state('R');
    run();
    sampleAfter(INTERVAL);
    assertThat(looksAtTheClock.get()).isGreaterThan(interruption);
    LoadAverage expected = new LoadAverage();
    expected.advance(3, 1, INTERVAL);
    assertThat(web.threads().load().averages()).isEqualTo(expected.values());
    assertThat(failures).isEmpty();
  }

  @Test
  void othersAreSampledMeanwhile() throws IOException {
    kernel.cgroup("/log", 1).members("/log", 400).process(400).at("/log").startedAt(9000);
    Container log = containers.at(ProcCgroup.parse("0::/log\n"));
    Container web = web();
    sampler = hurried(new ArrayList<>());
    manyThreads(2000);
    run();
    kernel.process(400).state('R');
    kernel.cgroup("/log", 2);
    sampleAfter(INTERVAL);
    assertThat(log.threads().load().running()).isEqualTo(1);
    assertThat(log.threads().load().averages().getFirst()).isPositive();
    assertThat(web.threads().load().running()).isEqualTo(1); // as before
  }

  @Test
  void whatIsBeyondBoundsKeepsWhatWasKnown() throws IOException {
    Load before = web().threads().load();
    for (int i = 0; i < 40; i++) {
      kernel.members("/web" + "/a".repeat(i + 1));
    }
    run();
    sampleAfter(INTERVAL);
    assertThat(sampler.cuts()).isEqualTo(1);
    assertThat(web().threads().load().total()).isEqualTo(before.total());
    assertThat(web().threads().load().averages().getFirst()).isPositive();
    assertThat(web().threads().age()).isEqualTo(Duration.ofSeconds(1000));
    assertThat(containers.size()).isEqualTo(1);
    // By what the kernel says of their number, none is looked at.
    kernel.remove("cgroup/web/a").write("cgroup/web/cgroup.stat", "nr_descendants 10000\n");
    run();
    sampleAfter(INTERVAL);
    assertThat(sampler.cuts()).isEqualTo(2);
    kernel.write("cgroup/web/cgroup.stat", "nr_descendants 1\nnr_dying_descendants 10000\n");
    run();
    kernel.process(301).state('S');
    sampleAfter(INTERVAL);
    assertThat(web().threads().load().running()).isZero();
  }

  @Test
  void nothingHappensBeforeASampleIsDue() throws IOException {
    web();
    sampleAfter(INTERVAL.minusMillis(1));
    assertThat(web().threads().load().averages()).containsOnly(0L);
    sampleAfter(Duration.ofMillis(1));
    assertThat(web().threads().load().averages().getFirst()).isPositive();
  }

  @Test
  void samplesThatAreLateAreMadeUpFor() throws IOException {
    web();
    sampleAfter(Duration.ofSeconds(17));
    LoadAverage expected = new LoadAverage();
    expected.advance(1, 3, INTERVAL);
    assertThat(web().threads().load().averages()).isEqualTo(expected.values());
    // 2 s of the fourth have passed already.
    sampleAfter(Duration.ofSeconds(3));
    expected.advance(1, 1, INTERVAL);
    assertThat(web().threads().load().averages()).isEqualTo(expected.values());
  }

  @Test
  void aContainerThatDidNothingIsNotLookedAt() throws IOException {
    web();
    sampleAfter(INTERVAL);
    assertThat(web().threads().load().running()).isEqualTo(1);
    // Who looked would see the change.
    kernel.process(301).state('S');
    sampleAfter(INTERVAL);
    assertThat(web().threads().load().running()).isEqualTo(1);
    run();
    sampleAfter(INTERVAL);
    assertThat(web().threads().load().running()).isZero();
  }

  @Test
  void aContainerWithoutThreadsIsForgotten() {
    web();
    kernel.members("/web");
    run();
    sampleAfter(INTERVAL);
    assertThat(containers.size()).isZero();
  }

  @Test
  void aContainerWhoseCgroupIsGoneIsForgottenAndTheOthersAreSampled() throws IOException {
    containers.at(ProcCgroup.parse("0::/gone\n"));
    web();
    sampleAfter(INTERVAL);
    assertThat(containers.size()).isEqualTo(1);
    assertThat(web().threads().load().averages().getFirst()).isPositive();
  }

  @Test
  void aThreadThatEndsWhileItIsCountedDoesNotCount() throws IOException {
    kernel.members("/web", 300, 301, 999);
    assertThat(web().threads().load().total()).isEqualTo(2);
  }

  @Test
  void aCommWithBlanksAndParenthesesIsNoState() throws IOException {
    kernel.process(300).comm("a) R (b").namespace("pid:[7]").numbered(1);
    assertThat(web().threads().load().running()).isEqualTo(1);
  }

  @Test
  void pidsAreNumberedAsTheContainerDoes() throws IOException {
    kernel.members("/web", 300, 301, 302);
    kernel.process(302).namespace("pid:[8]").numbered(42, 1).startedAt(9002);
    assertThat(web().threads().load().lastPid()).isEqualTo(42);
  }

  @Test
  void inTheHostsPidNamespaceTheNumbersAreTheHosts() throws IOException {
    kernel.process(300).startedAt(9000);
    kernel.process(301).startedAt(9001);
    assertThat(web().threads().load().lastPid()).isEqualTo(301);
  }

  private void nodesLastPid(int pid) {
    kernel.write("proc/loadavg", "0.00 0.00 0.00 1/100 " + pid + "\n");
  }

  /** atop takes fewer threads than there are processes for a fatal error. */
  @Test
  void threadsAreThoseThatThereAreNow() throws IOException {
    assertThat(web().threads().load().total()).isEqualTo(2);
    kernel.write("cgroup/web/pids.current", "9\n");
    assertThat(web().threads().load().total()).isEqualTo(9);
    kernel.write("cgroup/web/pids.current", "18446744073709551615\n");
    assertThat(web().threads().load().total()).isPositive();
  }

  @Test
  void noMoreThreadsRunThanThereAre() throws IOException {
    kernel.process(300).state('D');
    kernel.process(302).state('R');
    kernel.members("/web", 300, 301, 302).write("cgroup/web/pids.current", "1\n");
    assertThat(web().threads().load()).isEqualTo(new Load(List.of(0L, 0L, 0L), 1, 0, 1, 302, 302));
  }

  @Test
  void theLastPidIsNoLessThanAnyThatLives() throws IOException {
    Container web = web();
    assertThat(web.threads().load().lastPid()).isEqualTo(17);
    nodesLastPid(1005); // five of these may be the container's
    assertThat(web.threads().load().lastPid()).isEqualTo(22);
    assertThat(web.threads().load().forks()).as("is what a sample found").isEqualTo(17);
    run();
    sampleAfter(INTERVAL);
    assertThat(web.threads().load().lastPid()).as("the next sample knows").isEqualTo(17);
  }

  @Test
  void aContainerThatRestsIsGivenNoPids() throws IOException {
    Container web = web();
    nodesLastPid(900_000);
    sampleAfter(INTERVAL);
    nodesLastPid(900_001);
    assertThat(web.threads().load().lastPid()).isEqualTo(18);
  }

  @Test
  void pidsThatBeginAnewAreCounted() throws IOException {
    kernel.write("proc/sys/kernel/pid_max", "32768\n");
    nodesLastPid(32_760);
    Container web = web();
    nodesLastPid(310);
    assertThat(web.threads().load().lastPid()).isEqualTo(17 + 8 + 310);
  }

  @Test
  void theLastPidNeverGoesBackwards() throws IOException {
    assertThat(web().threads().load().lastPid()).isEqualTo(17);
    kernel.members("/web", 300);
    run();
    sampleAfter(INTERVAL);
    assertThat(web().threads().load().lastPid()).isEqualTo(17);
  }
}
