// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * A container in a user namespace, to which its runtime gave the files by id-mapped mounts: what
 * Kubernetes does for a pod with {@code hostUsers: false}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdMappedIT {
  private static final String SCRIPT =
      Machine.checkout().resolve("e2e/src/test/resources/idmapped.py").toString();

  private DaemonProcess daemon;
  private Container container;

  @BeforeAll
  void start() {
    Requirements.mount();
    Requirements.tool("python3");
    Requirements.need(Machine.hasLinux(6, 12), "Linux 6.12, whose FUSE has id-mapped mounts");
    daemon = DaemonProcess.serving("-Dpodproc.user-namespaces=true");
    container = new Container.Builder().memory("96M").cpus("1").start();
  }

  @AfterAll
  void stop() {
    Stream.of(container, daemon)
        .filter(java.util.Objects::nonNull)
        .forEach(part -> {
          try {
            part.close();
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  private List<String> files() {
    return daemon.files().stream()
        .filter(file -> container.run("[ -e " + file + " ]").status() == 0)
        .toList();
  }

  /** Runs a script of bash's, as root of the user namespace. */
  private Output run(String script) {
    return container.run(
        Stream.of(
                Stream.of("/usr/bin/python3", "-I", "-S", SCRIPT, daemon.mountPoint().toString()),
                files().stream(),
                Stream.of("--", "bash", "-c", "'" + script + "'"))
            .flatMap(part -> part)
            .collect(Collectors.joining(" ")));
  }

  @Test
  void the_files_are_mounted_with_users_mapped() {
    List<String> mounts =
        run("cat /proc/self/mountinfo")
            .ok()
            .lines()
            .filter(line -> line.contains(" fuse.podproc "))
            .filter(line -> line.split(" ", -1)[5].contains("idmapped"))
            .map(line -> line.split(" ", -1)[4])
            .toList();
    assertThat(mounts).containsExactlyInAnyOrderElementsOf(files());
  }

  @Test
  void they_show_the_container() {
    assertThat(Output.kilobytes(run("cat /proc/meminfo").ok(), "MemTotal")).isEqualTo(96 << 10);
    assertThat(run("cat /sys/devices/system/cpu/online").ok()).isEqualTo("0\n");
    for (String file : files()) {
      assertThat(run("cat " + file).status()).as(file).isZero();
    }
  }

  @Test
  void their_sizes_are_those_of_their_texts() {
    assertThat(run("wc -c </proc/meminfo; cat /proc/meminfo | wc -c").ok().lines().distinct())
        .hasSize(1);
  }

  @Test
  void without_the_setting_they_can_t_be_mapped() {
    try (DaemonProcess other = DaemonProcess.serving()) {
      Output refused =
          container.run(
              "/usr/bin/python3 -I -S %s %s /proc/meminfo -- true"
                  .formatted(SCRIPT, other.mountPoint()));
      assertThat(refused.status()).isNotZero();
      assertThat(refused.text()).contains("mount_setattr: Invalid argument");
    }
  }

  @Test
  void they_belong_to_the_containers_root() {
    assertThat(run("stat -c %u:%g " + String.join(" ", files())).ok().lines())
        .hasSize(files().size())
        .containsOnly("0:0");
  }

  @Test
  void what_is_for_root_is_for_the_containers_root() {
    assertThat(run("cat /proc/slabinfo").ok()).startsWith("slabinfo - version");
    Output other = run("setpriv --reuid 1000 --clear-groups cat /proc/slabinfo");
    assertThat(other.status()).isNotZero();
    assertThat(other.text()).contains("Permission denied");
  }
}
