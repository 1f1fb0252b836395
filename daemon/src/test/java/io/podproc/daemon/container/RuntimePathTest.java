// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimePathTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String OTHER = "fedcba9876543210".repeat(4);
  private static final String UID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
  private static final String UNIT = "1b4e28ba_2fa1_11d2_883f_0016d3cca427";
  private static final String MIRROR = "0123456789abcdef0123456789abcdef";

  private static String filled(String pattern) {
    return pattern
        .replace("$OTHER", OTHER)
        .replace("$UID", UID)
        .replace("$UNIT", UNIT)
        .replace("$MIRROR", MIRROR)
        .replace("$ID", ID);
  }

  private static RuntimePath onHost() {
    return RuntimePath.onNodeOf(ProcCgroup.parse("0::/system.slice/podproc.service\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // systemd driver: Guaranteed, Burstable, BestEffort; a static pod
        "/kubepods.slice/kubepods-pod$UNIT.slice/cri-containerd-$ID.scope",
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$UNIT.slice/cri-containerd-$ID.scope",
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$UNIT.slice/crio-$ID.scope",
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$MIRROR.slice/docker-$ID.scope",
        // cgroupfs driver
        "/kubepods/pod$UID/$ID",
        "/kubepods/burstable/pod$UID/$ID",
        "/kubepods/besteffort/pod$UID/$ID",
        "/kubepods/burstable/pod$MIRROR/$ID",
        "/kubepods/burstable/pod$UID/crio-$ID",
        // kubelet with systemd's names, the runtime without
        "/kubepods-burstable-pod$UNIT.slice:cri-containerd:$ID",
        "/system.slice/containerd.service/kubepods-burstable-pod$UNIT.slice:cri-containerd:$ID",
        "/kubepods-burstable-pod$UNIT.slice:crio:$ID",
        // without Kubernetes
        "/system.slice/docker-$ID.scope",
        "/docker/$ID",
        "/machine.slice/libpod-$ID.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-$ID.scope",
        "/libpod_parent/libpod-$ID",
        "/system.slice/web.service/libpod-payload-$ID",
      })
  void theContainerOfEachRuntimeIsFound(String pattern) {
    String path = filled(pattern);
    assertThat(onHost().container(path)).contains(path);
    assertThat(onHost().container(path + "/container")).as("of crun").contains(path);
    assertThat(onHost().container(path + "/init.scope")).contains(path);
    assertThat(onHost().container(path + "/system.slice/nginx.service")).contains(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/kubepods/burstable/pod$UID/$ID|/docker/$OTHER",
        "/kubepods/burstable/pod$UID/$ID|/system.slice/docker-$OTHER.scope",
        "/kubepods.slice/kubepods-pod$UNIT.slice/cri-containerd-$ID.scope|/docker/$OTHER",
        "/system.slice/docker-$ID.scope|/docker/$OTHER/docker/$ID",
        "/docker/$ID|/a:b",
        // names that only Kubernetes would give, and no end to them
        "/system.slice/docker-$ID.scope|/kubepods/docker-$OTHER.scope",
        "/kubepods/burstable/pod$UID/$ID|/kubepods/burstable/pod$UID/$OTHER",
        "/docker/$ID|/kubelet/kubepods.slice/kubepods-pod$UNIT.slice/cri-containerd-$OTHER.scope",
        "/kubepods.slice/kubepods-pod$UNIT.slice/cri-containerd-$ID.scope|/a/b/c:cri-containerd:$OTHER",
      })
  void whatAContainerRunsInsideOfItselfBelongsToIt(String pattern) {
    String[] parts = filled(pattern).split("\\|", -1);
    assertThat(onHost().container(parts[0] + parts[1])).contains(parts[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/init.scope",
        "/system.slice/containerd.service",
        "/user.slice/user-0.slice/session-1.scope",
        "/lxc.payload.web",
        // the runtime's own processes
        "/system.slice/crio-conmon-$ID.scope",
        "/kubepods.slice/kubepods-pod$UNIT.slice/crio-conmon-$ID.scope",
        "/machine.slice/libpod-conmon-$ID.scope",
        "/libpod_parent/libpod-conmon-$ID",
        // pods without a container, and Kubernetes without a pod
        "/kubepods",
        "/kubepods/burstable",
        "/kubepods/burstable/pod$UID",
        "/kubepods.slice/kubepods-pod$UNIT.slice",
        "/docker",
        // look-alikes
        "/podproc/daemon",
        "/system.slice/podproc.service",
        "/podcast.slice/podcast-abc.slice/x",
        "/pods/pod1/x",
        "/system.slice/docker-0123.scope",
        "/system.slice/docker-$ID.service",
        "/system.slice/docker-$ID.scope.d",
        "/system.slice/my-docker-$ID.scope",
        "/docker/$IDff",
        "/docker/$ID\r",
        "/docker/build",
        "/kubepods-x.slice:cri-containerd:0123",
        // what was removed while its last process was a zombie
        "/docker/$ID (deleted)",
      })
  void whateverElseIsNone(String pattern) {
    assertThat(onHost().container(filled(pattern))).isEmpty();
  }

  /** A node that is itself a container: of the daemon's own cgroup, what is above its container. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // in a pod, with the cgroup namespace of the node's node
        "/docker/$OTHER/kubelet/kubepods/besteffort/pod$UID/$ID2|/docker/$OTHER|/kubelet/kubepods/burstable/pod$UID/$ID",
        "/system.slice/docker-$OTHER.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod$UNIT.slice/cri-containerd-$ID2.scope|/system.slice/docker-$OTHER.scope|/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod$UNIT.slice/cri-containerd-$ID.scope",
        // as a service of the node
        "/docker/$OTHER/system.slice/podproc.service|/docker/$OTHER|/kubepods-burstable-pod$UNIT.slice:cri-containerd:$ID",
        // in a container of a host: no node
        "/docker/$OTHER||/docker/$ID",
        "/kubepods/pod$UID/$ID2||/kubepods/burstable/pod$UID/$ID",
        "/||/docker/$ID",
      })
  void aContainerOfTheDaemonsOwnNodeIsFound(String pattern) {
    String[] parts = filled(pattern.replace("$ID2", "a".repeat(64))).split("\\|", -1);
    RuntimePath runtime = RuntimePath.onNodeOf(ProcCgroup.parse("0::" + parts[0] + "\n"));
    String container = parts[1] + parts[2];
    assertThat(runtime.container(container)).contains(container);
    assertThat(runtime.container(container + "/docker/" + OTHER)).contains(container);
    if (!parts[1].isEmpty()) {
      assertThat(runtime.container(parts[1] + "/system.slice/containerd.service")).isEmpty();
      // Of another node beside it.
      assertThat(runtime.container("/docker/" + ID + parts[2])).contains("/docker/" + ID);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pod$UID",
        "kubepods-pod$UNIT.slice",
        "kubepods-besteffort-pod$UNIT.slice",
        "kubelet-kubepods-burstable-pod$UNIT.slice"
      })
  void aPodIsNamedByItsUid(String pattern) {
    assertThat(RuntimePath.podOf(filled(pattern))).contains(filled("$UID"));
  }

  @Test
  void aStaticPodIsNamedByItsHash() {
    assertThat(RuntimePath.podOf(filled("pod$MIRROR"))).contains(filled("$MIRROR"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "pod", "burstable", "kubepods-burstable.slice", "pod$UID/x", "pod$UIDx"})
  void whatElseIsThereIsNoPod(String pattern) {
    assertThat(RuntimePath.podOf(filled(pattern))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "$ID",
        "cri-containerd-$ID.scope",
        "crio-$ID.scope",
        "crio-$ID",
        "docker-$ID.scope"
      })
  void aContainerInAPodIsNamedByItsId(String pattern) {
    assertThat(RuntimePath.containerOf(filled(pattern))).contains(filled("$ID"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "crio-conmon-$ID.scope", "container", "init.scope", "$IDx", "x$ID"})
  void whatElseIsThereIsNoContainer(String pattern) {
    assertThat(RuntimePath.containerOf(filled(pattern))).isEmpty();
  }
}
