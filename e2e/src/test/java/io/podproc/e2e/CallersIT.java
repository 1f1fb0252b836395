// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Whoever reads sees the container that it is in, by whatever way it came there. Each container has
 * a memory limit of its own to be known by.
 */
@IntegrationTest
class CallersIT {
  private static final long MIB = 1024;
  private static final String READ_TOTAL =
      "while read -r key value _; do [[ $key != MemTotal: ]] || echo $value; done </proc/meminfo";

  private static DaemonProcess daemon;

  @BeforeAll
  static void start(DaemonProcess shared) {
    daemon = shared;
  }

  /** MemTotal as the container's first process reads it. */
  private static long total(Container container) {
    return Long.parseLong(container.run(READ_TOTAL).ok().strip());
  }

  private static long totalByExec(Container container) {
    return Output.kilobytes(container.exec("cat", "/proc/meminfo").ok(), "MemTotal");
  }

  private static long hostTotal() {
    return Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
  }

  @Test
  void two_containers_in_one_pid_namespace() {
    try (Container first = Container.of(daemon).memory("64M").start();
        Container second = Container.of(daemon).memory("96M").pidOf(first).start()) {
      assertThat(second.run("readlink /proc/self/ns/pid").ok())
          .isEqualTo(first.run("readlink /proc/self/ns/pid").ok());
      assertThat(total(first)).isEqualTo(64 * MIB);
      assertThat(total(second)).isEqualTo(96 * MIB);
      assertThat(totalByExec(second)).isEqualTo(96 * MIB);
      assertThat(totalByExec(first)).isEqualTo(64 * MIB);
    }
  }

  @Test
  void two_containers_in_the_pid_namespace_of_the_host() {
    try (Container first = Container.of(daemon).memory("64M").hostPid().start();
        Container second = Container.of(daemon).memory("128M").hostPid().start()) {
      assertThat(first.run("readlink /proc/self/ns/pid").ok())
          .isEqualTo(Command.run("readlink", "/proc/self/ns/pid").ok());
      assertThat(total(first)).isEqualTo(64 * MIB);
      assertThat(total(second)).isEqualTo(128 * MIB);
    }
  }

  @Test
  void a_process_in_a_cgroup_below_the_container() {
    try (Container container = Container.of(daemon).memory("96M").start()) {
      container.move(container.pid(), "/init");
      assertThat(container.read("/proc/self/cgroup")).contains(".scope/init\n");
      assertThat(total(container)).isEqualTo(96 * MIB);
    }
  }

  @Test
  void a_container_within_a_container_is_part_of_the_outer_one() {
    try (Container container = Container.of(daemon).memory("96M").start()) {
      String inner = "/docker/" + "0123456789abcdef".repeat(4);
      container.move(container.pid(), "/init");
      Container.limitCgroup(container.cgroup() + inner, "--memory", "32M");
      container.move(container.pid(), inner);
      assertThat(container.read("/proc/self/cgroup")).contains(".scope" + inner + "\n");
      assertThat(total(container)).isEqualTo(96 * MIB);
    }
  }

  @Test
  void a_process_that_was_put_into_the_container_from_outside() {
    try (Container first = Container.of(daemon).memory("64M").start();
        Container second = Container.of(daemon).memory("96M").start()) {
      assertThat(totalByExec(first)).isEqualTo(64 * MIB);
      assertThat(totalByExec(second)).isEqualTo(96 * MIB);
    }
  }

  @Test
  void a_thread_that_is_not_the_first_of_its_process() {
    Requirements.tool("python3");
    try (Container container = Container.of(daemon).memory("128M").start()) {
      String text =
          container
              .run(
                  """
                  /usr/bin/python3 -I -S - <<'END'
                  import threading
                  def read():
                      assert threading.get_native_id() != threading.main_thread().native_id
                      print(open("/proc/meminfo").read())
                  thread = threading.Thread(target=read)
                  thread.start()
                  thread.join()
                  END\
                  """)
              .ok();
      assertThat(Output.kilobytes(text, "MemTotal")).isEqualTo(128 * MIB);
    }
  }

  @Test
  void two_containers_of_one_pod_of_Kubernetes() {
    // The cgroupfs driver: no name of a runtime, and the pod's limit above the containers' own.
    String pod =
        "/"
            + Container.uniqueName()
            + "/kubepods/burstable/pod6d1b5a3e-9a0c-4c5e-8a51-7c3f2e1d0b9a";
    String ids = "0123456789abcdef".repeat(4).substring(1);
    Container.limitCgroup(pod, "--memory", "128M");
    try (Container first = Container.of(daemon).cgroup(pod + "/a" + ids).memory("64M").start();
        Container second = Container.of(daemon).cgroup(pod + "/b" + ids).start()) {
      assertThat(total(first)).isEqualTo(64 * MIB);
      assertThat(total(second)).isEqualTo(128 * MIB);
    } finally {
      Container.removeCgroup(pod);
    }
  }

  @Test
  void a_container_of_plain_namespaces() {
    String cgroup = "/" + Container.uniqueName() + "/lxc/web";
    try (Container container = Container.of(daemon).cgroup(cgroup).memory("64M").start();
        Container other = Container.of(daemon).memory("96M").start()) {
      assertThat(total(container)).isEqualTo(64 * MIB);
      assertThat(totalByExec(container)).isEqualTo(64 * MIB);
      assertThat(total(other)).isEqualTo(96 * MIB);
    }
  }

  @Test
  void a_service_of_a_plain_container_with_systemd() {
    // Its first process is in init.scope, the service elsewhere: the container is what holds both.
    String cgroup = "/" + Container.uniqueName() + "/lxc/web";
    try (Container container = Container.of(daemon).cgroup(cgroup).memory("64M").start()) {
      container.move(container.pid(), "/init.scope");
      assertThat(total(container)).isEqualTo(64 * MIB);
      Output service =
          Command.run(
              "bash",
              "-c",
              "echo $$ >$0/cgroup.procs && nsenter --mount --pid --target $1 cat /proc/meminfo",
              serviceOf(container).toString(),
              Integer.toString(container.pid()));
      assertThat(Output.kilobytes(service.ok(), "MemTotal")).isEqualTo(64 * MIB);
    }
  }

  private static Path serviceOf(Container container) {
    Container.limitCgroup(container.cgroup() + "/system.slice/web.service");
    return Machine.cgroup(container.cgroup() + "/system.slice/web.service", "memory");
  }

  @Test
  void a_process_of_the_host_sees_the_host() {
    assertThat(Output.kilobytes(Machine.read(daemon.file("/proc/meminfo")), "MemTotal"))
        .isEqualTo(hostTotal());
    assertThat(Machine.read(daemon.file("/sys/devices/system/cpu/possible")))
        .isEqualTo(Machine.read("/sys/devices/system/cpu/possible"));
    assertThat(
            Machine.read(daemon.file("/proc/stat"))
                .lines()
                .filter(line -> line.startsWith("btime")))
        .containsExactlyElementsOf(
            Machine.read("/proc/stat").lines().filter(line -> line.startsWith("btime")).toList());
  }

  @Test
  void a_container_without_limits_has_the_memory_of_the_host() {
    try (Container container = Container.of(daemon).start()) {
      assertThat(total(container)).isEqualTo(hostTotal());
    }
  }
}
