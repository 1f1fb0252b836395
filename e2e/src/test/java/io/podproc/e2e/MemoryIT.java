// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractLongAssert;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory that a container takes shows where it belongs, and limits that change show at once. */
@IntegrationTest
class MemoryIT {
  private static final long MIB = 1024;

  /** The program that takes the memory, and what the kernel adds up late, one batch per CPU. */
  private static final Offset<Long> TOLERANCE = Offset.offset(10 * MIB);

  private final DaemonProcess daemon;
  private Container container;
  private String before;

  MemoryIT(DaemonProcess shared) {
    daemon = shared;
  }

  @BeforeEach
  void start() {
    container = Container.of(daemon).cpus("1.5").memory("256M").start();
    before = container.read("/proc/meminfo");
  }

  @AfterEach
  void stop() {
    container.close();
  }

  /** How much a line of meminfo grew. */
  private AbstractLongAssert<?> assertGrowth(String now, String key) {
    return assertThat(Output.kilobytes(now, key) - Output.kilobytes(before, key))
        .as(key + " of\n%s", now);
  }

  @Test
  void the_total_is_the_limit() {
    assertThat(container.memory("MemTotal")).isEqualTo(256 * MIB);
  }

  @Test
  void memory_of_a_program_is_anonymous() {
    String _ =
        container
            .run(
                "/usr/bin/python3 -I -S -c 'import signal; x = b\"x\" * (64 << 20); signal.pause()' &")
            .ok();
    Command.eventually(() -> {
      String now = container.read("/proc/meminfo");
      assertGrowth(now, "AnonPages").isCloseTo(64 * MIB, TOLERANCE);
      assertGrowth(now, "MemFree").isCloseTo(-64 * MIB, TOLERANCE);
      assertGrowth(now, "MemAvailable").isCloseTo(-64 * MIB, TOLERANCE);
      assertGrowth(now, "MemTotal").isZero();
      assertGrowth(now, "Shmem").isCloseTo(0L, Offset.offset(MIB));
    });
    String _ = container.run("kill %1; wait").text();
    Command.eventually(
        () -> assertGrowth(container.read("/proc/meminfo"), "AnonPages").isCloseTo(0L, TOLERANCE));
  }

  @Test
  void a_file_that_is_read_is_cached_and_available() throws IOException {
    Path file = Files.createTempFile(Machine.checkout().resolve("e2e/target"), "cached", ".bin");
    try {
      String _ =
          Command.bash(
                  "head -c 48M /dev/zero >%1$s && sync %1$s && dd if=%1$s iflag=nocache count=0 2>&1"
                      .formatted(file))
              .ok();
      String _ = container.run("cat %s >/dev/null".formatted(file)).ok();
      Command.eventually(() -> {
        String now = container.read("/proc/meminfo");
        assertGrowth(now, "Cached").isCloseTo(48 * MIB, TOLERANCE);
        assertGrowth(now, "MemFree").isCloseTo(-48 * MIB, TOLERANCE);
        assertGrowth(now, "MemAvailable").isCloseTo(0L, TOLERANCE);
        assertGrowth(now, "Mapped").isCloseTo(0L, TOLERANCE);
        assertGrowth(now, "Shmem").isCloseTo(0L, Offset.offset(MIB));
      });
      String _ =
          container
              .run(
                  "/usr/bin/python3 -I -S -c 'import mmap, signal; f = open(\"X\", \"rb\");"
                          .replace("X", file.toString())
                      + " m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ);"
                      + " sum(m[i] for i in range(0, len(m), 4096)); signal.pause()' &")
              .ok();
      Command.eventually(() ->
          assertGrowth(container.read("/proc/meminfo"), "Mapped").isCloseTo(48 * MIB, TOLERANCE));
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void tmpfs_is_shared_memory_and_not_available() {
    String _ = container.run("mount -t tmpfs e2e /mnt && head -c 48M /dev/zero >/mnt/file").ok();
    Command.eventually(() -> {
      String now = container.read("/proc/meminfo");
      assertGrowth(now, "Shmem").isCloseTo(48 * MIB, Offset.offset(MIB));
      assertGrowth(now, "Cached").isCloseTo(48 * MIB, TOLERANCE);
      assertGrowth(now, "MemAvailable").isCloseTo(-48 * MIB, TOLERANCE);
      assertGrowth(now, "AnonPages").isCloseTo(0L, TOLERANCE);
    });
  }

  @Test
  void memory_of_the_host_and_of_other_containers_does_not_show() {
    try (Container other = Container.of(daemon).memory("256M").start()) {
      String _ = other.run("mount -t tmpfs e2e /mnt && head -c 64M /dev/zero >/mnt/file").ok();
      Command.eventually(() -> assertThat(other.memory("Shmem")).isGreaterThan(60 * MIB));
      String now = container.read("/proc/meminfo");
      assertGrowth(now, "Shmem").isZero();
      assertGrowth(now, "MemFree").isCloseTo(0L, TOLERANCE);
    }
  }

  @Test
  void a_resize_in_place_shows_in_the_next_read() {
    container.limit("--memory", "128M", "--cpus", "1");
    assertThat(container.memory("MemTotal")).isEqualTo(128 * MIB);
    assertThat(container.run("getconf _NPROCESSORS_ONLN; grep -c ^cpu[0-9] /proc/stat").ok())
        .isEqualTo("1\n1\n");
    container.limit("--memory", "512M", "--cpus", "1.5");
    assertThat(container.memory("MemTotal")).isEqualTo(512 * MIB);
    assertThat(container.run("getconf _NPROCESSORS_ONLN; grep -c ^cpu[0-9] /proc/stat").ok())
        .isEqualTo("2\n2\n");
  }

  @Test
  void limits_of_ancestors_count() {
    String slice = "/" + Container.uniqueName();
    Container.limitCgroup(slice, "--memory", "96M", "--cpus", "0.5");
    try (Container inner =
        Container.of(daemon)
            .cgroup(slice + "/pod.slice/" + Container.runtimeScope())
            .memory("256M")
            .start()) {
      assertThat(inner.memory("MemTotal")).isEqualTo(96 * MIB);
      assertThat(inner.read("/sys/devices/system/cpu/online")).isEqualTo("0\n");
    } finally {
      Container.removeCgroup(slice);
    }
  }

  @Test
  void a_cpuset_counts_and_what_it_shows_can_be_bound_to() {
    try (Container inner = Container.of(daemon).cpuset("1").start()) {
      String online = inner.read("/sys/devices/system/cpu/online");
      assertThat(online).isEqualTo("1\n");
      assertThat(inner.run("taskset -c " + online.strip() + " true").ok()).isEmpty();
      assertThat(inner.read("/proc/cpuinfo").lines().filter(line -> line.startsWith("processor")))
          .containsExactly("processor\t: 1");
      assertThat(inner.read("/proc/stat").lines().filter(line -> line.matches("cpu\\d.*")))
          .singleElement()
          .asString()
          .startsWith("cpu1 ");
    }
  }

  /** In the form that this processor's kernel gives it. */
  @Test
  void cpuinfo_has_all_that_the_host_says_of_a_visible_cpu() {
    try (Container inner = Container.of(daemon).cpus("0.5").start()) {
      String host = Machine.read("/proc/cpuinfo");
      String first = host.substring(0, host.indexOf("\n\n") + 2);
      assertThat(steady(inner.read("/proc/cpuinfo"))).isEqualTo(steady(first));
    }
  }

  /** Without the clock's rate, and what tells how CPUs are arranged. */
  private static List<String> steady(String cpuinfo) {
    return cpuinfo
        .lines()
        .filter(line ->
            !line.matches(
                "(cpu MHz|physical id|siblings|core id|cpu cores|(initial )?apicid)\\s.*"))
        .toList();
  }
}
