// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A container under the profile that its engine gives to all that say nothing else. It is podman's
 * own, and Docker's and containerd's are the same but for the name.
 */
@Tag("apparmor")
class AppArmorIT {
  @TempDir Path folder;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.need(
        Files.exists(Path.of("/sys/module/apparmor"))
            && Machine.read("/sys/module/apparmor/parameters/enabled").startsWith("Y"),
        "AppArmor (security=apparmor)");
    Requirements.tool("apparmor_parser");
    Requirements.tool("podman");
    String _ =
        Command.bash(
                "mountpoint -q /sys/kernel/security"
                    + " || mount -t securityfs securityfs /sys/kernel/security")
            .ok();
  }

  @Test
  void a_container_under_the_default_profile_reads_its_files() throws IOException {
    Path bin = Files.createDirectories(folder.resolve("root/bin"));
    String busybox = Command.bash("type -P busybox").ok().strip();
    Path _ = Files.copy(Path.of(busybox), bin.resolve("busybox"));
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "podman",
                  "--root=" + folder.resolve("storage"),
                  "--runroot=" + folder.resolve("run"),
                  "--cgroup-manager=cgroupfs",
                  "--runtime=runc",
                  "run",
                  "--rm",
                  "--network=none",
                  "--memory=96m"));
      List<String> files =
          daemon.files().stream()
              .filter(file -> !file.matches("/proc/(pressure/.*|vmstat)"))
              .toList();
      files.forEach(file -> command.add("--volume=" + daemon.file(file) + ":" + file + ":ro"));
      command.addAll(List.of("--rootfs", folder.resolve("root").toString(), "/bin/busybox", "sh"));
      command.add("-c");
      command.add(
          "b=/bin/busybox; $b cat /proc/self/attr/current; $b cat %s >/dev/null && echo read;"
                  .formatted(String.join(" ", files))
              + " $b grep MemTotal /proc/meminfo; echo 1 >/proc/sysrq-trigger");
      assertThat(Command.run(Machine.deadline(60), command.toArray(String[]::new)).text())
          .containsPattern("(?m)^containers-default-\\S+ \\(enforce\\)$")
          .containsPattern("(?m)^read$")
          .containsPattern("(?m)^MemTotal: +98304 kB$");
    }
  }
}
