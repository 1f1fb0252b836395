// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The walk over folders as kubelets and runtimes make them. */
class PodCgroupsTest {
  private static final String UID = "11111111-2222-3333-4444-555555555555";
  private static final String UNDERSCORES = UID.replace('-', '_');
  private static final String STATIC = "0123456789abcdef0123456789abcdef";
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  @TempDir Path folder;

  private PodCgroups cgroups(String daemon) {
    return new PodCgroups(
        new Processes(folder.resolve("proc")),
        folder.resolve("cgroup"),
        ProcCgroup.parse("0::" + daemon + "\n"));
  }

  private PodCgroups cgroups() {
    return cgroups("/");
  }

  /** The one hierarchy of cgroup v2. */
  private void unified() throws IOException {
    Files.createDirectories(folder.resolve("cgroup"));
    Files.writeString(folder.resolve("cgroup/cgroup.controllers"), "cpu memory\n");
  }

  private void cgroup(String path, int... pids) throws IOException {
    Path made = Files.createDirectories(folder.resolve("cgroup").resolve(path));
    Files.writeString(
        made.resolve("cgroup.procs"),
        Arrays.stream(pids).mapToObj(pid -> pid + "\n").collect(Collectors.joining()));
  }

  /**
   * A process.
   *
   * @param ticks when it began
   */
  private void process(int pid, int ticks) throws IOException {
    Path made = Files.createDirectories(folder.resolve("proc/" + pid));
    Files.writeString(
        made.resolve("stat"), pid + " (x) S 1" + " 0".repeat(17) + " " + ticks + " 0 0\n");
  }

  private static PodContainer container(String pod, String id, int pid) {
    return new PodContainer(pod, id, pid);
  }

  @Test
  void foldersOfSystemdsDriverAreFound() throws IOException {
    unified();
    String top = "kubepods.slice/";
    cgroup(
        top + "kubepods-pod" + STATIC + ".slice/cri-containerd-" + A + ".scope", 10); // guaranteed
    String burstable = top + "kubepods-burstable.slice/kubepods-burstable-pod" + UNDERSCORES;
    cgroup(burstable + ".slice/crio-" + A + ".scope", 20);
    cgroup(burstable + ".slice/crio-conmon-" + A + ".scope", 21);
    cgroup(burstable + ".slice/docker-" + B + ".scope", 22);
    cgroup(
        top
            + "kubepods-besteffort.slice/kubepods-besteffort-pod"
            + UNDERSCORES.replace('1', '9')
            + ".slice/cri-containerd-"
            + B
            + ".scope",
        30);
    cgroup("system.slice/cri-containerd-" + A + ".scope", 40);
    assertThat(cgroups().containers())
        .containsExactlyInAnyOrder(
            container(STATIC, A, 10),
            container(UID, A, 20),
            container(UID, B, 22),
            container(UID.replace('1', '9'), B, 30));
    assertThat(cgroups().driver()).contains("systemd");
  }

  @Test
  void foldersOfCgroupfssDriverAreFound() throws IOException {
    unified();
    cgroup("kubepods/pod" + STATIC + "/" + A, 10);
    cgroup("kubepods/burstable/pod" + UID + "/" + A, 20);
    cgroup("kubepods/besteffort/pod" + UID.replace('1', '9') + "/" + B, 30);
    cgroup("kubepods/burstable/pod" + UID + "/" + B); // ended
    assertThat(cgroups().containers())
        .containsExactlyInAnyOrder(
            container(STATIC, A, 10),
            container(UID, A, 20),
            container(UID.replace('1', '9'), B, 30));
    assertThat(cgroups().driver()).contains("cgroupfs");
  }

  /** Where the node is a container (kind), the names begin with the kubelet's. */
  @Test
  void tiersBelowTheKubeletsAreFoundWithBothDrivers() throws IOException {
    unified();
    String top = "kubelet.slice/kubelet-kubepods.slice/";
    cgroup(
        top
            + "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod"
            + UNDERSCORES
            + ".slice/cri-containerd-"
            + A
            + ".scope",
        10);
    cgroup(top + "kubelet-kubepods-pod" + STATIC + ".slice/cri-containerd-" + B + ".scope", 20);
    cgroup("kubelet/kubepods/besteffort/pod" + UID.replace('1', '9') + "/" + B, 30);
    assertThat(cgroups().containers())
        .containsExactlyInAnyOrder(
            container(UID, A, 10),
            container(STATIC, B, 20),
            container(UID.replace('1', '9'), B, 30));
  }

  /** As of a kubelet with {@code --cgroup-root}: only the daemon's own path tells. */
  @Test
  void tiersBesideTheDaemonsOwnAreFoundWhereverTheyAre() throws IOException {
    unified();
    cgroup("some/where/kubepods/burstable/pod" + UID + "/" + A, 10);
    assertThat(cgroups().containers()).isEmpty();
    assertThat(cgroups("/some/where/kubepods/burstable/pod" + STATIC + "/" + B).containers())
        .containsExactly(container(UID, A, 10));
  }

  /** There cgroup.controllers is only in a folder of its own, and the memory controller's tells. */
  @Test
  void onAHybridTheMemoryControllersHierarchyIsLookedAt() throws IOException {
    Files.createDirectories(folder.resolve("cgroup/unified"));
    Files.writeString(folder.resolve("cgroup/unified/cgroup.controllers"), "\n");
    cgroup("unified/kubepods/burstable/pod" + UID + "/" + B, 10);
    cgroup("memory/kubepods/burstable/pod" + UID + "/" + A, 20);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 20));
  }

  /** What a container makes in its own folder is none of a pod, whatever it is called. */
  @Test
  void whatAContainerMakesIsNotTakenForAContainer() throws IOException {
    unified();
    String own = "kubepods/burstable/pod" + UID + "/" + A;
    cgroup(own, 10);
    cgroup(own + "/" + B, 20);
    cgroup(own + "/kubepods/pod" + STATIC + "/" + B, 30);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 10));
  }

  /** CRI-O with crun has the processes in a folder in the container's. */
  @Test
  void processesInAFolderOfTheContainersAreItsOwn() throws IOException {
    unified();
    String own =
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
            + UNDERSCORES
            + ".slice/crio-"
            + A
            + ".scope";
    cgroup(own);
    cgroup(own + "/container", 10);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 10));
  }

  @Test
  void ofItsProcessesTheOneThatBeganFirstIsTaken() throws IOException {
    unified();
    cgroup("kubepods/burstable/pod" + UID + "/" + A, 7, 9000, 9001);
    process(7, 900);
    process(9000, 100);
    process(9001, 100);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 9000));
  }

  /** As systemd in a container has them; pids have begun anew since its first process. */
  @Test
  void ofProcessesInSeveralFoldersTheOneThatBeganFirstIsTaken() throws IOException {
    unified();
    String own = "kubepods/burstable/pod" + UID + "/" + A;
    cgroup(own);
    cgroup(own + "/init.scope", 9000);
    cgroup(own + "/system.slice", 7, 8);
    process(7, 900);
    process(8, 800);
    process(9000, 100);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 9000));
    // One that ended meanwhile began never.
    cgroup(own + "/user.slice", 5);
    assertThat(cgroups().containers()).containsExactly(container(UID, A, 9000));
  }
}
