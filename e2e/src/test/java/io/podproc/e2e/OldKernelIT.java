// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the daemon says of a kernel that lacks something, and of what it does instead. */
@Tag("integration")
class OldKernelIT {
  @BeforeAll
  static void check() {
    Requirements.mount();
  }

  private interface Check {
    void of(DaemonProcess daemon);
  }

  private static void withKeeper(Check check, String... wrapper) throws IOException {
    Path directory = Files.createTempDirectory("podproc-run");
    try (KeeperProcess _ = new KeeperProcess(directory, 60);
        DaemonProcess daemon =
            Start.with("-Dpodproc.run-directory=" + directory, "-Dpodproc.user-namespaces=true")
                .within(wrapper)
                .launch()
                .awaitServing()) {
      check.of(daemon);
    } finally {
      DaemonProcess.removeTree(directory);
    }
  }

  private static long lines(DaemonProcess daemon, String words) {
    return daemon.output().lines().filter(line -> line.contains(words)).count();
  }

  @Test
  void each_step_that_the_kernel_lacks_is_told_once_with_what_is_done_instead() throws IOException {
    withKeeper(daemon -> {
      Command.eventually(() -> assertThat(daemon.output()).contains(DaemonProcess.SERVING));
      Command.eventually(() -> {
        assertThat(lines(daemon, " INFO  this kernel can't send requests again"))
            .isEqualTo(Machine.hasLinux(6, 9) ? 0 : 1);
        assertThat(lines(daemon, " INFO  this kernel's FUSE can't refuse to map files"))
            .isEqualTo(Machine.hasLinux(6, 9) ? 0 : 1);
        assertThat(lines(daemon, " INFO  this kernel's FUSE has no id-mapped mounts"))
            .isEqualTo(Machine.hasLinux(6, 12) ? 0 : 1);
        assertThat(lines(daemon, " INFO  this kernel can't put a mount beneath another"))
            .isEqualTo(Machine.hasLinux(6, 5) ? 0 : 1);
      });
      assertThat(daemon.output()).doesNotContain("WARN");
    });
  }

  @Test
  void without_pidfd_getfd_the_files_end_with_the_daemon_and_it_says_so() throws IOException {
    Requirements.tool("python3");
    withKeeper(
        daemon ->
            // It serves before it says anything.
            Command.eventually(() ->
                assertThat(daemon.output())
                    .contains(" holds nothing: this kernel can't copy its descriptor")
                    .contains(": the files end with this daemon")),
        "/usr/bin/python3",
        "-I",
        "-S",
        Machine.checkout().resolve("e2e/src/test/resources/lacking.py").toString(),
        "438");
  }
}
