// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A node where SELinux lets containers read what is labelled for them, and no files of FUSE: {@code
 * selinux.conf}. It is the kernel of the VM that is told to.
 */
@Tag("selinux")
class SelinuxIT {
  private static final Path SELINUX = Path.of("/sys/fs/selinux");

  /** As a confined container, of two categories of its own. */
  private static final String READ =
      """
      /usr/bin/python3 -I -S -c '
      import sys
      with open("/proc/self/attr/current", "w") as label:
          label.write("system_u:system_r:container_t:s0:c1,c2")
      for file in sys.argv[1:]:
          try:
              with open(file) as opened:
                  opened.read()
          except PermissionError:
              print("refused", file)
      print(open("/proc/self/attr/current").read().strip(chr(0)))' \
      """;

  private static final String CONFINED = "system_u:system_r:container_t:s0:c1,c2\n";

  @BeforeAll
  static void enforce() {
    Requirements.mount();
    Requirements.need(
        Machine.read("/proc/filesystems").contains("selinuxfs"), "SELinux (security=selinux)");
    Requirements.tool("checkpolicy");
    String _ =
        Command.bash(
                """
                set -e
                mountpoint -q %1$s || mount -t selinuxfs selinuxfs %1$s
                checkpolicy -M -U allow -c 31 -o /tmp/policy %2$s
                dd if=/tmp/policy of=%1$s/load bs=16M
                echo 1 >%1$s/enforce
                """
                    .formatted(
                        SELINUX, Machine.checkout().resolve("e2e/src/test/resources/selinux.conf")))
            .ok();
    assertThat(Machine.read(SELINUX.resolve("enforce"))).isEqualTo("1");
  }

  private static String label(DaemonProcess daemon) {
    return Command.run(
            "/usr/bin/python3",
            "-c",
            "import os, sys; print(os.getxattr(sys.argv[1], 'security.selinux').decode().strip(chr(0)))",
            daemon.file("/proc/meminfo").toString())
        .ok()
        .strip();
  }

  private static String read(DaemonProcess daemon) {
    try (Container container = Container.of(daemon).memory("96M").start()) {
      return container.run(READ + String.join(" ", daemon.files())).text();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernel", "libfuse"})
  void a_confined_container_reads_its_files(String transport) {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.transport=" + transport)) {
      assertThat(label(daemon)).isEqualTo("system_u:object_r:container_file_t:s0");
      assertThat(read(daemon)).isEqualTo(CONFINED);
      assertThat(daemon.output()).doesNotContain("SELinux");
    }
  }

  /** That there is something to be had by it. */
  @Test
  void without_a_label_of_their_own_the_policy_refuses_it() {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.selinux-context=none")) {
      assertThat(label(daemon)).isEqualTo("system_u:object_r:fusefs_t:s0");
      assertThat(read(daemon)).contains("refused /proc/meminfo\n").endsWith(CONFINED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernel", "libfuse"})
  void a_label_that_the_policy_does_not_know_is_told_and_left_out(String transport)
      throws Exception {
    try (DaemonProcess daemon =
        DaemonProcess.serving(
            "-Dpodproc.transport=" + transport,
            "-Dpodproc.selinux-context=system_u:object_r:unheard_of_t:s0")) {
      // The log begins when the first readers were answered.
      Command.eventually(() ->
          assertThat(daemon.output())
              .contains(
                  "SELinux refuses the label system_u:object_r:unheard_of_t:s0 (error 22 of"));
      assertThat(Files.readString(daemon.file("/proc/uptime"))).isNotEmpty();
      assertThat(label(daemon)).isEqualTo("system_u:object_r:fusefs_t:s0");
    }
  }
}
