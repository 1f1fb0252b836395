// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcCgroupTest {
  @Test
  void theUnnamedLineIsVersion2() {
    assertThat(ProcCgroup.parse("0::/system.slice/a.scope\n").v2())
        .contains("/system.slice/a.scope");
  }

  @Test
  void aPathMayHoldColons() {
    ProcCgroup paths =
        ProcCgroup.parse("4:memory:/kubepods-pod1.slice:cri-containerd:ab\n0::/x:y::z\n");
    assertThat(paths.v1())
        .containsExactly(Map.entry("memory", "/kubepods-pod1.slice:cri-containerd:ab"));
    assertThat(paths.v2()).contains("/x:y::z");
  }

  @Test
  void controllersThatAreMountedTogetherShareAPath() {
    assertThat(ProcCgroup.parse("3:cpu,cpuacct:/a\n2:cpuset:/b\n").v1())
        .containsOnly(
            Map.entry("cpu", "/a"), Map.entry("cpuacct", "/a"), Map.entry("cpuset", "/b"));
  }

  @Test
  void aNamedHierarchyIsNotVersion2() {
    ProcCgroup paths = ProcCgroup.parse("1:name=systemd:/init.scope\n");
    assertThat(paths.v2()).isEmpty();
    assertThat(paths.v1()).containsKey("name=systemd");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "0", "0:", "0::", "0::relative", "junk\n\n:", "1:memory"})
  void whatIsCutShortIsPassedOver(String text) {
    ProcCgroup paths = ProcCgroup.parse(text);
    assertThat(paths.v1()).isEmpty();
    assertThat(paths.v2()).isEmpty();
    assertThat(paths.isRoot()).isTrue();
  }

  @Test
  void onlyWhoIsInTheRootOfAllHierarchiesIsInTheRoot() {
    assertThat(ProcCgroup.parse("2:memory:/\n0::/\n").isRoot()).isTrue();
    assertThat(ProcCgroup.parse("2:memory:/a\n0::/\n").isRoot()).isFalse();
    assertThat(ProcCgroup.parse("2:memory:/\n0::/a\n").isRoot()).isFalse();
  }

  @Test
  void aPathOutsideOfTheDaemonsNamespaceIsTold() {
    assertThat(ProcCgroup.parse("0::/../kubepods\n").isOutside()).isTrue();
    assertThat(ProcCgroup.parse("2:memory:/..\n0::/\n").isOutside()).isTrue();
    assertThat(ProcCgroup.parse("0::/a/b\n").isOutside()).isFalse();
  }

  @Test
  void onlyWhoSharesACgroupBelowTheRootIsBeside() {
    ProcCgroup web = ProcCgroup.parse("2:memory:/lxc/web\n1:cpu:/\n0::/\n");
    assertThat(web.isBeside(ProcCgroup.parse("2:memory:/lxc/x\n"))).isTrue();
    assertThat(web.isBeside(ProcCgroup.parse("2:memory:/lxc\n"))).isTrue();
    assertThat(web.isBeside(ProcCgroup.parse("2:memory:/lxc2/web\n"))).isFalse();
    assertThat(web.isBeside(ProcCgroup.parse("2:memory:/\n1:cpu:/lxc/web\n0::/\n"))).isFalse();
    assertThat(web.isBeside(ProcCgroup.parse(""))).isFalse();
  }

  @Test
  void whoIsBesideAnotherIsJoinedWithIt() {
    ProcCgroup first = ProcCgroup.parse("3:memory:/lxc/a\n2:cpu:/\n0::/box/a\n");
    assertThat(ProcCgroup.parse("3:memory:/lxc/ab/c\n2:cpu:/x\n0::/other\n").joinedWith(first))
        .isEqualTo(ProcCgroup.parse("3:memory:/lxc\n2:cpu:/x\n0::/other\n"));
    assertThat(ProcCgroup.parse("3:memory:/lxc/a/b\n2:cpu:/\n0::/box\n").joinedWith(first))
        .isEqualTo(ProcCgroup.parse("3:memory:/lxc/a\n2:cpu:/\n0::/box\n"));
  }

  @Test
  void eachPathCanBeChanged() {
    assertThat(ProcCgroup.parse("2:memory:/a\n0::/b\n").map(path -> path + "/c"))
        .isEqualTo(ProcCgroup.parse("2:memory:/a/c\n0::/b/c\n"));
  }
}
