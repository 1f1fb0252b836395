// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that the node brings to running containers of pods. */
@IntegrationTest
class AttachIT {
  private static DaemonProcess daemon;

  @BeforeAll
  static void start(DaemonProcess shared) {
    Requirements.tool("python3");
    Requirements.tool("busybox");
    daemon = shared;
  }

  private static List<String> words(String... words) {
    List<String> command = new ArrayList<>(DaemonProcess.program());
    command.add("-Dpodproc.mount-point=" + daemon.mountPoint());
    command.addAll(List.of(words));
    return command;
  }

  private static Output tool(String... words) {
    return Command.run(words(words).toArray(String[]::new));
  }

  private static Output attach(int pid, String... files) {
    return attach(false, pid, files);
  }

  private static Output attach(boolean privileged, int pid, String... files) {
    List<String> words = new ArrayList<>(List.of("attach"));
    if (privileged) {
      words.add("--privileged");
    }
    words.add(Integer.toString(pid));
    words.addAll(List.of(files));
    return tool(words.toArray(String[]::new));
  }

  /** Over files of its own /proc and /sys; others come and go. */
  private static List<String> nodeMounts() {
    return Machine.read("/proc/1/mountinfo")
        .lines()
        .filter(line -> line.split(" ", -1)[4].matches("/(proc|sys)/.*"))
        .toList();
  }

  /** A hundred milliseconds, once in a dozen times: others use the machine as well. */
  private static void assertRefusesPromptly(int pid, Output told) {
    double most = Machine.deadline(1).toMillis() / 10.0;
    boolean prompt =
        Stream.concat(Stream.of(told), Stream.generate(() -> attach(true, pid)).limit(11))
            .mapToDouble(output -> Output.number(output.text(), "in (\\d+) ms$"))
            .anyMatch(millis -> millis < most);
    assertThat(prompt).as("within %s ms once in a dozen times: %s", most, told.text()).isTrue();
  }

  // ---- what is refused ----

  /** The worst there is: its /proc is the node's, and what is mounted there is seen by all. */
  @Test
  void a_process_in_its_new_mount_namespace_that_is_still_on_the_nodes_root_is_refused() {
    String cgroup =
        "/%s/kubepods/burstable/pod%s/%s"
            .formatted(Container.uniqueName(), "0".repeat(32), "0123456789abcdef".repeat(4));
    List<String> before = nodeMounts();
    try (Container early = new Container.Builder().cgroup(cgroup).hostPid().start()) {
      Output told = attach(true, early.pid());
      assertThat(told.status()).isEqualTo(1);
      assertThat(told.text()).contains("refused, its root is the node's: attached 0");
      assertRefusesPromptly(early.pid(), told);
      assertThat(early.run("cat /proc/self/mountinfo").ok()).doesNotContain(" /proc/meminfo ");
    }
    assertThat(nodeMounts()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({
    "symlink, /proc is no mount",
    "directory, /proc is no mount",
    "tmpfs, /proc is no proc",
    "part, /proc is a part of a proc",
    "shared, /proc is shared with others",
    "node, /proc is the node's",
    "silent, /proc is no proc",
    "silent-root, what its /proc is can't be told without asking",
    "many, it has more mounts than are looked at"
  })
  void what_a_hostile_container_has_made_of_its_proc_is_refused(String shape, String why) {
    try (ShapedContainer hostile = new ShapedContainer(shape)) {
      List<String> node = nodeMounts();
      long before = hostile.mounts().size();
      Output told = attach(true, hostile.pid());
      assertThat(told.status()).isEqualTo(1);
      assertThat(told.text()).contains(": refused, " + why).contains(": attached 0, detached 0");
      assertRefusesPromptly(hostile.pid(), told);
      assertThat(hostile.mounts()).hasSize((int) before);
      assertThat(nodeMounts()).isEqualTo(node);
    }
  }

  @Test
  void what_is_no_container_of_a_pod_is_left_alone() {
    assertThat(attach((int) daemon.pid()).text()).contains(" is in no container of a pod");
    try (ShapedContainer masked = new ShapedContainer("masked")) {
      assertThat(attach(masked.pid(), "/proc/nonsense").text())
          .contains("podproc has no file /proc/nonsense");
      // The namespaces of the pod, as pause holds them: nothing of the pod is mounted there.
      String _ = masked.run("umount /dev/log").ok();
      assertThat(attach(masked.pid()).text()).contains(": skipped, ").contains(" sandbox");
    }
  }

  /** Its /proc is its own, but shows the processes of the node: that is what it is there for. */
  @Test
  void one_in_the_nodes_pid_namespace_is_left_alone_whatever_its_label() {
    try (ShapedContainer agent = new ShapedContainer("host-pid")) {
      List<String> before = agent.mounts();
      assertThat(attach(true, agent.pid()).text())
          .contains(": skipped, it is in the node's pid namespace (hostPID): attached 0");
      assertThat(agent.mounts()).isEqualTo(before);
      assertThat(agent.sees()).isEqualTo("host");
    }
  }

  /** With the node's network its own sysfs is the node's, too, and it is taken for its own. */
  @ParameterizedTest
  @CsvSource({"network, true", "masked, true", "node-sys, false"})
  void a_sysfs_that_is_the_nodes_is_left_alone_and_its_proc_is_not(String shape, boolean own) {
    try (ShapedContainer container = new ShapedContainer(shape)) {
      List<String> node = nodeMounts();
      Output told = attach(container.pid());
      assertThat(attached(told)).isPositive();
      assertThat(container.sees()).isEqualTo("live");
      assertThat(container.ours().stream().anyMatch(line -> line.contains(" /sys/devices/")))
          .isEqualTo(own);
      assertThat(told.text().contains(": done, it gets no files of /sys: /sys is the node's:"))
          .isEqualTo(!own);
      assertThat(attach(container.pid()).text()).contains(": nothing to do");
      assertThat(nodeMounts()).isEqualTo(node);
    }
  }

  // ---- what is attached ----

  @Test
  void exactly_these_files_are_there_once_and_taken_away_again() {
    try (ShapedContainer masked = new ShapedContainer("masked")) {
      List<String> before = masked.mounts();
      assertThat(masked.sees()).isEqualTo("host");
      int all = attached(attach(masked.pid()));
      assertThat(all).isGreaterThan(8).isEqualTo(masked.ours().size());
      assertThat(masked.sees()).isEqualTo("live");
      assertThat(masked.ours())
          .allSatisfy(line ->
              assertThat(line)
                  .contains(" ro,nosuid,nodev,noexec,noatime - ")); // nothing optional: private
      // Again, and there is no second layer.
      assertThat(attach(masked.pid()).ok()).contains("nothing to do: attached 0, detached 0");
      assertThat(masked.ours()).hasSize(all);
      assertThat(attach(masked.pid(), "/proc/meminfo", "/proc/uptime").ok())
          .contains("done: attached 0, detached " + (all - 2));
      assertThat(masked.sees()).isEqualTo("live");
      assertThat(attach(masked.pid(), "/proc/stat", "/proc/meminfo").ok())
          .contains("done: attached 1, detached 1");
      assertThat(tool("detach", "" + masked.pid()).ok()).contains("done: attached 0, detached 2");
      assertThat(masked.mounts()).isEqualTo(before);
      assertThat(masked.sees()).isEqualTo("host");
    }
  }

  /** As a daemon and somebody by hand. */
  @Test
  void two_processes_at_once_never_lay_a_second_layer() throws IOException {
    try (ShapedContainer masked = new ShapedContainer("masked")) {
      Process other =
          Command.start(
              List.of("flock", "/proc/" + masked.pid() + "/ns/mnt", "bash", "-c", "echo; read"),
              Map.of(),
              ProcessBuilder.Redirect.PIPE);
      String _ = other.inputReader().readLine();
      assertThat(attach(masked.pid()).text())
          .contains(": timed out, another process has it locked: attached 0");
      assertThat(masked.ours()).isEmpty();
      other.getOutputStream().close();
      String tool = String.join(" ", words("attach", "" + masked.pid()));
      for (int round = 0; round < 3; round++) {
        assertThat(Command.bash((tool + " & ").repeat(4) + "wait").text()).contains(": done: ");
        assertThat(masked.ours().stream().map(line -> line.split(" ", -1)[4]))
            .isNotEmpty()
            .doesNotHaveDuplicates();
        assertThat(tool("detach", "" + masked.pid()).status()).isZero();
        assertThat(masked.ours()).isEmpty();
      }
    }
  }

  private static int attached(Output told) {
    return (int) Output.number(told.ok(), "attached (\\d+),");
  }

  @Test
  void what_the_user_or_a_volume_has_mounted_stays() {
    try (ShapedContainer own = new ShapedContainer("file")) {
      assertThat(attached(attach(own.pid()))).isPositive();
      assertThat(own.run("cat /proc/meminfo").ok()).isEqualTo("mine\n");
      assertThat(own.run("cat /proc/loadavg").ok()).isNotEmpty();
      assertThat(tool("detach", "" + own.pid()).status()).isZero();
      assertThat(own.run("cat /proc/meminfo").ok()).isEqualTo("mine\n");
      assertThat(own.ours()).isEmpty();
    }
  }

  /** With {@code hostUsers: false}: of the kernel's own, too, none belongs to the root there. */
  @Test
  void where_users_are_not_mapped_files_can_be_read_as_the_kernels_own_can() {
    Requirements.tool("runc");
    String top = "/" + Container.uniqueName();
    try (RuncContainer mapped = new RuncContainer(top, UUID.randomUUID().toString(), true)) {
      List<String> before = readable(mapped);
      assertThat(before).contains("/proc/meminfo").doesNotContain("/proc/slabinfo");
      assertThat(attached(attach(mapped.pid()))).isPositive();
      assertThat(mapped.ours()).isNotEmpty().noneMatch(line -> line.contains("idmapped"));
      assertThat(mapped.seesItself()).isTrue();
      assertThat(readable(mapped)).isEqualTo(before);
    } finally {
      Container.removeCgroup(top);
    }
  }

  private static List<String> readable(RuncContainer container) {
    return daemon.files().stream()
        .filter(file -> !container.firstLine(file).equals("unreadable"))
        .toList();
  }

  /** As a label that is put on and taken off. */
  @Test
  void files_come_and_go_under_readers_without_an_error() {
    try (ShapedContainer masked = new ShapedContainer("masked")) {
      List<String> before = masked.mounts();
      String loop =
          "cd /proc; while /bin/busybox cat meminfo stat uptime loadavg pressure/cpu >/dev/null; do :; done;"
              + " echo failed >/dev/log";
      String reader = "nsenter --mount --root --target $(pgrep -x shape) /bin/busybox sh -c ";
      String _ = masked.outer().run(reader + "'" + loop + "' &").ok();
      for (int cycle = 0; cycle < 5; cycle++) {
        assertThat(attached(attach(masked.pid()))).isPositive();
        assertThat(masked.sees()).isEqualTo("live");
        assertThat(tool("detach", "" + masked.pid()).status()).isZero();
        assertThat(masked.sees()).isEqualTo("host");
      }
      assertThat(masked.outer().run("pgrep -f 'while /bin/busybox [c]at meminfo'").status())
          .isZero();
      assertThat(masked.run("cat /dev/log").ok()).isEmpty();
      assertThat(masked.mounts()).isEqualTo(before);
    }
  }

  @Test
  void privileged_ones_get_files_where_that_is_asked_for_and_namespaces_inside_go_on_working() {
    try (ShapedContainer privileged = new ShapedContainer("unmasked")) {
      List<String> before = privileged.mounts();
      Output told = attach(privileged.pid());
      assertThat(told.text()).contains(": skipped, it is privileged");
      assertThat(privileged.mounts()).isEqualTo(before);
      String nested = "unshare -Urpf --mount-proc cat /proc/meminfo";
      assertThat(inside(privileged, nested).status()).isZero();
      assertThat(attached(attach(true, privileged.pid()))).isPositive();
      assertThat(privileged.sees()).isEqualTo("live");
      assertThat(inside(privileged, nested).ok()).contains("MemTotal:");
      assertThat(privileged.run("ls -ld /dev/.podproc").ok()).startsWith("drwx------ ");
      assertThat(attach(privileged.pid()).text()).contains("skipped, it is privileged");
      assertThat(privileged.mounts()).isEqualTo(before);
      assertThat(privileged.run("ls -d /dev/.podproc").status()).isEqualTo(1);
    }
  }

  /** A program of the host in the container's mount namespace, by the host's root. */
  private static Output inside(ShapedContainer container, String command) {
    return container.run(
        "sh -c 'PATH=/bin; busybox " + command.replace(" cat", " busybox cat") + "'");
  }
}
