// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.fake.FakeProcess;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerResolverTest {
  private static final String POD = "/kubepods/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427/";
  private static final String WEB = POD + "a".repeat(64);
  private static final String LOG = POD + "b".repeat(64);

  @TempDir Path root;
  private FakeKernel kernel;
  private Containers containers;
  private ContainerResolver resolver;

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
    resolver = resolver(FakeKernel.DAEMON);
    kernel.process(1).at("/init.scope");
  }

  private ContainerResolver resolver(ProcCgroup daemon) {
    return new ContainerResolver(
        kernel.processes(), containers, FakeKernel.looks(), daemon, FakeKernel.HOST_NAMESPACE);
  }

  private Container seenBy(int tid) throws IOException {
    return ((ContainerView) resolver.of(tid).orElseThrow()).container();
  }

  private Optional<String> cgroupSeenBy(int tid) throws IOException {
    return resolver
        .of(tid)
        .map(view -> ((ContainerView) view).container().paths().v2().orElse("none"));
  }

  /** Else one process makes as many containers as it likes, and each has a turn of its own. */
  @Test
  void nothingBelowAContainerIsAnother() throws IOException {
    kernel.process(300).at(WEB);
    Object reader = resolver.of(300).orElseThrow();
    for (int i = 0; i < 50; i++) {
      String name = "/kubepods/docker-" + Integer.toHexString(i + 16).repeat(32) + ".scope";
      kernel.process(1000 + i).at(WEB + "/a".repeat(i) + name);
      assertThat(resolver.of(1000 + i)).contains((View) reader);
      assertThat(resolver.owner(1000 + i)).isEqualTo(reader);
    }
    assertThat(containers.size()).isEqualTo(1);
  }

  @Test
  void noNameOfARuntimeMakesAPartOfAPlainContainerAnother() throws IOException {
    kernel.process(300).at("/lxc/web/init.scope").namespace("pid:[7]").numbered(1).parent(299);
    kernel
        .process(301)
        .at("/lxc/web/kubepods/docker-" + "a".repeat(64) + ".scope")
        .namespace("pid:[8]")
        .numbered(5, 1)
        .parent(300);
    assertThat(cgroupSeenBy(301)).contains("/lxc/web");
    assertThat(cgroupSeenBy(300)).contains("/lxc/web");
    assertThat(containers.size()).isEqualTo(1);
  }

  /** Else it has as many containers, each with a turn of its own, as it leaves files open. */
  @Test
  void aFirstProcessThatWalksThroughCgroupsOfItsOwnHasOneContainer() throws IOException {
    FakeProcess first = kernel.process(300).at("/lxc/web/a").namespace("pid:[7]").numbered(1);
    kernel.process(301).at("/lxc/web/x").namespace("pid:[7]").numbered(5).parent(300);
    assertThat(cgroupSeenBy(300)).contains("/lxc/web/a");
    first.at("/lxc/web/b");
    View seen = resolver.of(300).orElseThrow();
    for (int i = 0; i < 50; i++) {
      first.at("/lxc/web/b" + i);
      assertThat(resolver.of(300)).contains(seen);
      assertThat(resolver.of(301)).contains(seen);
      assertThat(resolver.owner(301)).isEqualTo(seen);
      resolver.forgetIdle();
    }
    assertThat(resolver.locate(301)).contains(ProcCgroup.parse("0::/lxc/web\n"));
    assertThat(containers.size()).as("/lxc/web/a, which its last has left, as well").isEqualTo(2);
  }

  @Test
  void noNameOfARuntimeBesideAPlainContainersFirstProcessIsAnother() throws IOException {
    kernel.process(300).at("/lxc/web/own").namespace("pid:[7]").numbered(1).parent(299);
    View seen = resolver.of(300).orElseThrow();
    for (int i = 1; i < 100; i++) { // the last descend from very many
      String name = "/kubepods/docker-" + Integer.toHexString(i + 16).repeat(32) + ".scope";
      FakeProcess deeper = kernel.process(300 + i).at("/lxc/web" + name).namespace("pid:[7]");
      deeper.numbered(1 + i).parent(299 + i);
      assertThat(resolver.of(300 + i)).contains(seen);
    }
    // A thread of the first process, whose parent is outside.
    String named = "/lxc/web/kubepods/docker-" + "a".repeat(64) + ".scope";
    kernel.process(500).at(named).namespace("pid:[7]");
    kernel.write("proc/500/status", "Tgid:\t300\nPid:\t500\nPPid:\t299\nNSpid:\t500\t9\n");
    assertThat(resolver.of(500)).contains(seen);
    assertThat(containers.size()).isEqualTo(1);
  }

  @Test
  void aContainerOfARuntimeInAPidNamespaceOfAShellIsOneOfItsOwn() throws IOException {
    kernel.process(300).at("/user.slice/shell").namespace("pid:[7]").numbered(1).parent(299);
    kernel.process(301).at(WEB).namespace("pid:[8]").numbered(5, 1).parent(300);
    kernel.process(299);
    kernel.process(302).at(LOG).namespace("pid:[8]").numbered(6, 2).parent(299); // by exec
    assertThat(cgroupSeenBy(301)).contains(WEB);
    assertThat(cgroupSeenBy(302)).contains(LOG);
  }

  @Test
  void aPlainContainerThatIsStillBeingMadeIsFollowed() throws IOException {
    FakeProcess first = kernel.process(300).at("/lxc/monitor").namespace("pid:[7]").numbered(1);
    assertThat(resolver.locate(300)).contains(ProcCgroup.parse("0::/lxc/monitor\n"));
    first.at("/lxc/web");
    assertThat(resolver.locate(300)).contains(ProcCgroup.parse("0::/lxc/web\n"));
    assertThat(cgroupSeenBy(300)).contains("/lxc/web");
    first.at("/box/web"); // by who may write to the hierarchy's root
    assertThat(cgroupSeenBy(300)).contains("/box/web");
    first.cgroups("2:memory:/\n1:cpu,cpuacct:/box\n0::/\n");
    assertThat(seenBy(300).paths().v1()).containsEntry("memory", "/").containsEntry("cpu", "/box");
    first.cgroups("2:memory:/box\n1:cpu,cpuacct:/box/x\n0::/\n");
    assertThat(seenBy(300).paths().v1())
        .containsEntry("memory", "/box")
        .containsEntry("cpu", "/box");
  }

  /** Such a text is 50 KB long, and there may be thousands. */
  @Test
  void aCallerFarDownInAContainerIsPlacedAndNotKept() throws IOException {
    kernel.process(300).at(WEB + "/a".repeat(2000));
    for (int i = 0; i < 3; i++) {
      assertThat(cgroupSeenBy(300)).contains(WEB);
    }
    assertThat(containers.size()).isEqualTo(1);
  }

  @Test
  void noRuntimeMakesContainersThatFarDown() {
    kernel.process(300).at("/a".repeat(40) + WEB);
    assertThatThrownBy(() -> resolver.of(300))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("far down");
    kernel.process(301).at("/box" + "/a".repeat(40)).namespace("pid:[7]").numbered(1);
    assertThatThrownBy(() -> resolver.of(301)).isInstanceOf(IOException.class);
    assertThat(containers.size()).isZero();
  }

  @Test
  void onANodeThatIsAContainerItsContainersAreFound() throws IOException {
    String node = "/docker/" + "c".repeat(64);
    resolver = resolver(ProcCgroup.parse("0::" + node + POD + "d".repeat(64) + "\n"));
    kernel.process(300).at(node + WEB);
    kernel.process(301).at(node + LOG + "/docker/" + "e".repeat(64));
    kernel.process(302).at(node + "/system.slice/containerd.service");
    assertThat(cgroupSeenBy(300)).contains(node + WEB);
    assertThat(cgroupSeenBy(301)).contains(node + LOG);
    assertThat(resolver.of(302)).isEmpty();
  }

  @Test
  void aCallerIsInTheContainerOfItsOwnCgroup() throws IOException {
    kernel.process(300).at(WEB);
    kernel.process(301).at(WEB + "/system.slice/nginx.service");
    assertThat(cgroupSeenBy(300)).contains(WEB);
    assertThat(cgroupSeenBy(301)).contains(WEB);
    assertThat(containers.size()).isEqualTo(1);
  }

  @Test
  void containersOfAPodThatShareAPidNamespaceStayApart() throws IOException {
    kernel.process(300).at(POD + "pause").namespace("pid:[7]").numbered(1);
    kernel.process(301).at(WEB).namespace("pid:[7]").numbered(7).parent(300);
    kernel.process(302).at(LOG).namespace("pid:[7]").numbered(8).parent(300);
    assertThat(cgroupSeenBy(301)).contains(WEB);
    assertThat(cgroupSeenBy(302)).contains(LOG);
  }

  @Test
  void aContainerInTheHostsPidNamespaceIsAContainer() throws IOException {
    kernel.process(300).at(WEB).namespace(FakeKernel.HOST_NAMESPACE);
    assertThat(cgroupSeenBy(300)).contains(WEB);
  }

  @Test
  void aProcessOfTheHostSeesTheHost() throws IOException {
    kernel.process(300).at("/system.slice/ssh.service");
    assertThat(resolver.of(300)).isEmpty();
    assertThat(resolver.of(1)).isEmpty();
    assertThat(containers.size()).isZero();
  }

  @Test
  void withoutARuntimeTheCgroupOfTheNamespacesFirstProcessCounts() throws IOException {
    kernel
        .process(300)
        .at("/lxc.payload.web/init.scope")
        .namespace("pid:[7]")
        .numbered(1)
        .parent(299);
    kernel
        .process(301)
        .at("/lxc.payload.web/system.slice/x.service")
        .namespace("pid:[7]")
        .numbered(5)
        .parent(300);
    kernel.process(302).at("/elsewhere").namespace("pid:[7]").numbered(6).parent(301);
    assertThat(cgroupSeenBy(300)).contains("/lxc.payload.web");
    assertThat(cgroupSeenBy(301)).contains("/lxc.payload.web");
    assertThat(cgroupSeenBy(302)).contains("/lxc.payload.web");
  }

  @Test
  void aCallerThatWasPutInFromOutsideFindsTheFirstProcessToo() throws IOException {
    kernel.process(300).at("/box").namespace("pid:[7]").numbered(1).parent(299);
    kernel.process(400).at("/box").namespace("pid:[8]").numbered(1).parent(299);
    kernel.process(500).at("/user.slice").namespace("pid:[7]").numbered(9).parent(0);
    kernel.process(299);
    assertThat(cgroupSeenBy(500)).contains("/box");
  }

  @Test
  void aNamespaceInsideOfAnotherIsAPartOfTheOuterContainer() throws IOException {
    kernel.process(300).at("/outer").namespace("pid:[7]").numbered(1).parent(299);
    kernel.process(310).at("/outer/inner").namespace("pid:[8]").numbered(4, 1).parent(300);
    assertThat(cgroupSeenBy(310)).contains("/outer");
    assertThat(cgroupSeenBy(300)).contains("/outer");
  }

  @Test
  void aNamespaceWhoseFirstProcessIsInNoCgroupSeesTheHost() throws IOException {
    kernel.process(300).at("/").namespace("pid:[7]").numbered(1);
    kernel.process(301).at("/init.scope").namespace("pid:[8]").numbered(1);
    assertThat(resolver.of(300)).isEmpty();
    assertThat(resolver.of(301)).isEmpty();
  }

  @Test
  void aNamespaceNumberThatIsUsedAgainIsLookedForAgain() throws IOException {
    kernel.process(300).at("/old").namespace("pid:[7]").numbered(1);
    assertThat(cgroupSeenBy(300)).contains("/old");
    kernel.remove("proc/300").process(350).at("/new").namespace("pid:[7]").numbered(1);
    assertThat(cgroupSeenBy(350)).contains("/new");
  }

  @Test
  void aCallerThatIsGoneCannotBePlaced() {
    assertThatThrownBy(() -> resolver.of(300)).isInstanceOf(IOException.class);
  }

  @Test
  void aNamespaceWhoseFirstProcessIsNotToBeSeenCannotBePlaced() {
    kernel.process(300).at("/box").namespace("pid:[7]").numbered(5);
    assertThatThrownBy(() -> resolver.of(300))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("pid:[7]");
  }

  @Test
  void aKernelThatTellsNoNumbersInNamespacesCannotPlaceACaller() {
    kernel.process(300).at("/box").namespace("pid:[7]").numbered(1);
    kernel.write("proc/300/status", "Name:\tsh\nPPid:\t0\n");
    assertThatThrownBy(() -> resolver.of(300)).isInstanceOf(IOException.class);
  }

  @Test
  void aContainerOutsideOfTheDaemonsCgroupNamespaceCannotBePlaced() {
    kernel.process(300).at("/../.." + WEB);
    assertThatThrownBy(() -> resolver.of(300))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("namespace");
  }

  @Test
  void eachControllerOfVersion1KeepsItsOwnPath() throws IOException {
    kernel
        .process(300)
        .cgroups("3:memory:" + WEB + "/x\n2:cpu,cpuacct:" + WEB + "\n1:pids:/\n0::/\n");
    assertThat(seenBy(300).paths())
        .isEqualTo(
            ProcCgroup.parse("3:memory:" + WEB + "\n2:cpu,cpuacct:" + WEB + "\n1:pids:/\n0::/\n"));
  }

  @Test
  void anErrorForgetsNothingOfAContainerThatRuns() throws IOException {
    kernel.process(300).at(WEB).numbered(1).state('R').startedAt(9990);
    kernel.cgroup(WEB, 1000).members(WEB, 300);
    View view = resolver.of(300).orElseThrow();
    assertThat(view.load().averages()).containsOnly(0L);
    LoadSampler sampler =
        new LoadSampler(containers, Duration.ofSeconds(5), LoadSamplerTest::fail, kernel::nanoTime);
    kernel.advance(Duration.ofSeconds(5));
    sampler.sample();
    Load before = view.load();
    assertThat(before.averages().getFirst()).isPositive();
    // Its cgroup has no io controller: reading diskstats fails, and is tried again.
    assertThatThrownBy(() -> view.cgroup().io()).isInstanceOf(IOException.class);
    assertThat(resolver.renew(view).load()).isEqualTo(before);
    assertThat(resolver.of(300).orElseThrow().load()).isEqualTo(before);
  }

  @Test
  void aContainerWhoseFirstProcessEndedBeginsAnew() throws IOException {
    kernel.process(300).at(WEB).numbered(1).state('R').startedAt(9990);
    kernel.cgroup(WEB, 1000).members(WEB, 300);
    View view = resolver.of(300).orElseThrow();
    assertThat(view.age()).isEqualTo(Duration.ofSeconds(10));
    kernel.remove("proc/300").process(301).at(WEB).numbered(1).startedAt(9999);
    kernel.members(WEB, 301);
    View renewed = resolver.renew(view);
    assertThat(renewed).isNotSameAs(view);
    assertThat(renewed.age()).isEqualTo(Duration.ofSeconds(1));
    assertThat(containers.size()).isEqualTo(1);
  }

  @Test
  void aCallerThatIsMovedIsPlacedAnew() throws IOException {
    FakeProcess caller = kernel.process(300).at(WEB);
    assertThat(cgroupSeenBy(300)).contains(WEB);
    caller.at(LOG);
    assertThat(cgroupSeenBy(300)).contains(LOG);
    caller.at("/user.slice");
    assertThat(resolver.of(300)).isEmpty();
    caller.at(WEB);
    assertThat(cgroupSeenBy(300)).contains(WEB);
  }

  @Test
  void aThreadIdThatIsUsedAgainIsPlacedAnew() throws Exception {
    FakeKernel here = new FakeKernel(Path.of("/"));
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    int tid = (int) sleeper.pid();
    Callers<String> callers = new Callers<>(here.processes(), (text, _) -> text);
    assertThat(callers.find(tid)).isNotEmpty();
    sleeper.destroyForcibly().waitFor();
    assertThatThrownBy(() -> callers.find(tid)).isInstanceOf(IOException.class);
  }

  @Test
  void callersWhoTakeEachOthersPlaceAreAllPlaced() throws IOException {
    for (int round = 0; round < 2; round++) {
      for (int tid = 1000; tid < 3000; tid += 250) {
        kernel.process(tid).at(tid % 500 == 0 ? WEB : LOG);
        kernel.process(tid + Callers.PLACES).at(tid % 500 == 0 ? LOG : WEB);
        assertThat(cgroupSeenBy(tid)).contains(tid % 500 == 0 ? WEB : LOG);
        assertThat(cgroupSeenBy(tid + Callers.PLACES)).contains(tid % 500 == 0 ? LOG : WEB);
      }
    }
  }

  @Test
  void whoHasNotAskedForLongCanAskAgain() throws IOException {
    kernel.process(300).at(WEB);
    assertThat(cgroupSeenBy(300)).contains(WEB);
    resolver.forgetIdle();
    resolver.forgetIdle();
    assertThat(cgroupSeenBy(300)).contains(WEB);
  }

  @Test
  void descriptorsOfIdleCallersAreGivenBack() throws IOException {
    kernel.process(999).at(WEB);
    assertThat(cgroupSeenBy(999)).contains(WEB); // with the descriptors of the container
    resolver.forgetIdle();
    resolver.forgetIdle();
    long before = descriptors();
    for (int tid = 1000; tid < 1100 + Callers.PLACES; tid++) {
      kernel.process(tid).at(WEB);
      assertThat(cgroupSeenBy(tid)).contains(WEB);
    }
    assertThat(descriptors()).isBetween(before + 1, before + Callers.PLACES);
    resolver.forgetIdle();
    resolver.forgetIdle();
    assertThat(descriptors()).isEqualTo(before);
  }

  private long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(this::isOfTheFakeKernel).count();
    }
  }

  private boolean isOfTheFakeKernel(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(root);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @Test
  void aContainerThatWasForgottenIsFoundAgain() throws IOException {
    kernel.process(300).at(WEB).numbered(1).startedAt(9990);
    kernel.cgroup(WEB, 1000).members(WEB, 300);
    Container first = seenBy(300);
    assertThat(first.threads().age()).isEqualTo(Duration.ofSeconds(10));
    containers.remove(first);
    assertThatThrownBy(first::cpuTimes).isInstanceOf(IOException.class);
    Container second = seenBy(300);
    assertThat(second).isNotSameAs(first);
    assertThat(second.threads().age()).isEqualTo(Duration.ofSeconds(10));
    assertThat(containers.at(second.paths())).isSameAs(second);
  }
}
