// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What only cgroup v2 tells. CPU time and load are in {@link CpuIT}, which runs there too. */
@Tag("cgroup2")
@ExtendWith(SharedDaemon.class)
class Cgroup2IT {
  private static final long MIB = 1024;

  private static DaemonProcess daemon;

  @BeforeAll
  static void start(DaemonProcess shared) {
    Requirements.cgroup2();
    daemon = shared;
  }

  @Test
  void disks_and_the_time_waited_for_them_are_the_container_s_own() throws IOException {
    Requirements.pressure();
    String _ = Command.run("modprobe", "loop").ok();
    Path file = Files.createTempFile("podproc-disk", ".img");
    String disk =
        Command.bash(
                "truncate -s 64M %1$s && losetup --find --show %1$s"
                    .replace("%1$s", file.toString()))
            .ok()
            .strip();
    String name = disk.substring("/dev/".length());
    try (Container writer = Container.of(daemon).start();
        Container other = Container.of(daemon).start()) {
      String number = Machine.read("/sys/block/" + name + "/dev").strip();
      // Slow enough to be waited for.
      Files.writeString(
          Machine.cgroup(writer.cgroup(), "io").resolve("io.max"), number + " wbps=1048576");
      String _ =
          writer.run("dd if=/dev/zero of=%s bs=64k count=64 oflag=direct".replace("%s", disk)).ok();
      assertThat(writer.read("/proc/diskstats"))
          .containsPattern("(?m)^ +7 +\\d+ " + name + " \\d+ 0 \\d+ 0 64 0 8192 0 0 0 0 ");
      assertThat(other.read("/proc/diskstats")).doesNotContain(name);
      // kB written since it began.
      assertThat(
              Output.number(writer.run("iostat -d -p ALL").ok(), "^" + name + " .* (\\d+) +\\d+$"))
          .isEqualTo(4096);
      assertThat(other.run("iostat -d -p ALL").ok()).doesNotContain(name);
      assertThat(Output.number(writer.read("/proc/pressure/io"), "^some .*total=(\\d+)$"))
          .isGreaterThan(500_000);
      assertThat(Output.number(other.read("/proc/pressure/io"), "^some .*total=(\\d+)$"))
          .isLessThan(500_000);
    } finally {
      String _ = Command.run("losetup", "--detach", disk).ok();
      Files.delete(file);
    }
  }

  @Test
  void pressure_is_the_cgroup_s_own() {
    Requirements.pressure();
    try (Container container = Container.of(daemon).start()) {
      for (String resource : new String[] {"cpu", "memory", "io"}) {
        String own =
            Machine.read(Machine.cgroup(container.cgroup(), "").resolve(resource + ".pressure"));
        assertThat(container.read("/proc/pressure/" + resource).replaceAll("[\\d.]+", "N"))
            .isEqualTo(own.replaceAll("[\\d.]+", "N"));
      }
    }
  }

  @Test
  void swap_is_what_the_container_may_use_and_uses() throws IOException {
    Requirements.swap();
    Path zswap = Path.of("/sys/module/zswap/parameters/enabled");
    if (Files.exists(zswap)) {
      Files.writeString(zswap, "Y");
    }
    try (Container container = Container.of(daemon).memory("64M").swap("128M").start()) {
      String before = container.read("/proc/meminfo");
      assertThat(Output.kilobytes(before, "SwapTotal")).isEqualTo(128 * MIB);
      assertThat(Output.kilobytes(before, "SwapFree")).isEqualTo(128 * MIB);
      assertThat(container.run("free -m").ok()).containsPattern("Swap: +128 +0 +128");
      String _ =
          container
              .run(
                  "/usr/bin/python3 -I -S -c 'import os, signal; x = os.urandom(96 << 20); signal.pause()' &")
              .ok();
      Command.eventually(() -> {
        String now = container.read("/proc/meminfo");
        // 96 MiB do not fit into 64.
        assertThat(Output.kilobytes(now, "SwapFree")).isBetween(MIB, 96 * MIB);
        assertThat(Output.kilobytes(now, "MemTotal")).isEqualTo(64 * MIB);
        if (Files.exists(zswap)) {
          assertThat(Output.kilobytes(now, "Zswapped")).isPositive();
        }
      });
      assertThat(container.read("/proc/swaps"))
          .containsPattern("none +virtual\t\t131072\t\\d{5,6}\t0\n");
    }
  }

  @Test
  void no_swap_is_no_swap() {
    Requirements.swap();
    try (Container container = Container.of(daemon).memory("64M").swap("0").start()) {
      assertThat(container.memory("SwapTotal")).isZero();
      assertThat(container.read("/proc/swaps").lines()).hasSize(1);
    }
  }

  @Test
  void memory_high_is_no_limit_unless_that_is_set() throws IOException {
    try (Container container = Container.of(daemon).memory("128M").start()) {
      Files.writeString(Machine.cgroup(container.cgroup(), "").resolve("memory.high"), "64M");
      assertThat(container.memory("MemTotal")).isEqualTo(128 * MIB);
    }
  }

  @Test
  void kernel_memory_is_the_container_s_own() {
    try (Container container = Container.of(daemon).memory("128M").start()) {
      String text = container.read("/proc/meminfo");
      for (String key : new String[] {"Slab", "KernelStack", "PageTables", "Percpu"}) {
        assertThat(Output.kilobytes(text, key))
            .as(key)
            .isLessThan(Output.kilobytes(Machine.read("/proc/meminfo"), key));
      }
      assertThat(Output.kilobytes(text, "KernelStack")).isPositive();
      assertThat(Output.kilobytes(text, "PageTables")).isPositive();
    }
  }

  /** As crun before 1.11 makes it with systemd's driver. */
  @Test
  void limits_that_crun_sets_right_below_the_scope_are_the_container_s() {
    Requirements.swap();
    String cgroup = "/" + Container.uniqueName() + "/" + Container.runtimeScope() + "/container";
    try (Container container =
        Container.of(daemon)
            .cgroup(cgroup)
            .cpus("0.5")
            .cpuset("1")
            .memory("128M")
            .swap("0")
            .start()) {
      assertThat(container.memory("MemTotal")).isEqualTo(128 * MIB);
      assertThat(container.memory("SwapTotal")).isZero();
      assertThat(container.read("/sys/devices/system/cpu/online")).isEqualTo("0\n");
    }
  }
}
