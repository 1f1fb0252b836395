// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodesOwnTest {
  private static final String NODE =
      """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
      23 22 0:21 / /proc rw,relatime shared:12 - proc proc rw
      24 22 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
      25 24 0:23 / /sys/fs/cgroup rw,relatime shared:8 - cgroup2 cgroup rw
      """;

  @TempDir Path proc;

  /** A daemon in a pod, with namespaces of its own but for processes. */
  @BeforeEach
  void makeNode() throws IOException {
    process("1", "mnt:[1]", "pid:[1]", "net:[1]");
    process("self", "mnt:[2]", "pid:[1]", "net:[2]");
    Files.writeString(proc.resolve("1/mountinfo"), NODE);
  }

  private void process(String pid, String... namespaces) throws IOException {
    Path folder = Files.createDirectories(proc.resolve(pid).resolve("ns"));
    for (String namespace : namespaces) {
      Files.createSymbolicLink(
          folder.resolve(namespace.substring(0, namespace.indexOf(':'))), Path.of(namespace));
    }
  }

  private NodesOwn node() throws IOException {
    return new NodesOwn(new Processes(proc));
  }

  private static Mount mount(String device, String root, String point, String type) {
    return new Mount(700, 655, device, root, point, "rw", false, type, type);
  }

  @Test
  void theNodesProcfsIsTheNodesWhateverTheNetwork() throws IOException {
    Mount own = mount("0:50", "/", "/proc", "proc");
    Mount nodes = mount("0:21", "/", "/proc", "proc");
    for (String network : new String[] {"net:[1]", "net:[42]"}) {
      assertThat(node().isTree(nodes, network)).isTrue();
      assertThat(node().isTree(own, network)).isFalse();
    }
  }

  @Test
  void theNodesSysfsIsTheNodesUnlessTheContainerHasItsNetwork() throws IOException {
    Mount nodes = mount("0:22", "/", "/sys", "sysfs");
    assertThat(node().isTree(nodes, "net:[42]")).isTrue();
    assertThat(node().isTree(nodes, "net:[1]")).isFalse(); // hostNetwork
    assertThat(node().isTree(mount("0:45", "/", "/sys", "sysfs"), "net:[42]")).isFalse();
  }

  /** As where the first process may do more than the daemon. */
  @Test
  void whereTheNodesNetworkCannotBeToldNoSysfsIsTheNodes() throws IOException {
    Files.delete(proc.resolve("1/ns/net"));
    Mount nodes = mount("0:22", "/", "/sys", "sysfs");
    assertThat(node().isTree(nodes, "net:[1]")).isFalse(); // hostNetwork, for all that is known
    assertThat(node().isTree(nodes, "net:[42]")).isFalse();
    assertThat(node().isMountNamespace("mnt:[1]")).isTrue();
    process("2", "net:[1]"); // kthreadd
    assertThat(node().isTree(nodes, "net:[1]")).isFalse();
    assertThat(node().isTree(nodes, "net:[42]")).isTrue();
  }

  @Test
  void namespacesOfTheNodeAndOfTheDaemonAreToldFromOthers() throws IOException {
    assertThat(node().isMountNamespace("mnt:[1]")).isTrue();
    assertThat(node().isMountNamespace("mnt:[2]")).isTrue();
    assertThat(node().isMountNamespace("mnt:[42]")).isFalse();
    assertThat(node().isPidNamespace("pid:[1]")).isTrue();
    assertThat(node().isPidNamespace("pid:[42]")).isFalse();
    assertThat(node().isRoot(mount("8:1", "/", "/", "ext4"))).isTrue();
    assertThat(node().isRoot(mount("8:1", "/var/root", "/", "ext4"))).isFalse();
    assertThat(node().isRoot(mount("0:47", "/", "/", "overlay"))).isFalse();
  }

  @Test
  void aNodeWithoutSysfsIsLookedAtAndOneWithoutProcfsIsNot() throws IOException {
    Files.writeString(
        proc.resolve("1/mountinfo"), String.join("\n", NODE.lines().limit(2).toList()) + "\n");
    assertThat(node().isTree(mount("0:22", "/", "/sys", "sysfs"), "net:[42]")).isFalse();
    Files.writeString(proc.resolve("1/mountinfo"), "");
    assertThatThrownBy(this::node).isInstanceOf(IOException.class);
  }
}
