// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the daemon starts, stops and refuses to start, and what it tells of itself meanwhile. */
@Tag("manners")
class MannersIT {
  @BeforeAll
  static void check() {
    Requirements.mount();
  }

  /** It does not start: one line says why, and its exit status says that it failed. */
  private static void assertRefused(Start start, String... words) {
    try (DaemonProcess daemon = start.launch()) {
      int status = daemon.awaitExit();
      assertThat(daemon.output().lines()).singleElement().asString().contains(words);
      assertThat(daemon.output()).startsWith("podproc: ");
      assertThat(status).isBetween(1, 127);
      assertThat(daemon.isMounted()).isFalse();
    }
  }

  /** In a mount namespace of its own, after a script that changes it. */
  private static Start behind(String script) {
    return Start.with()
        .within("unshare", "--mount", "bash", "-ec", script + "; exec \"$@\"", "bash");
  }

  // ---- coming and going ----

  @Test
  void serves_again_after_it_was_killed() {
    Path mountPoint;
    try (DaemonProcess killed = DaemonProcess.serving()) {
      mountPoint = killed.mountPoint();
      killed.kill();
      assertThat(killed.isMounted()).isTrue();
      assertThat(Command.run("cat", killed.file("/proc/uptime").toString()).text())
          .contains("Transport endpoint is not connected");
      try (DaemonProcess next = Start.with().at(mountPoint).launch().awaitServing();
          Container container = Container.of(next).memory("96M").start()) {
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
        assertThat(next.stop()).isZero();
      }
      assertThat(killed.isMounted()).isFalse();
    }
  }

  @Test
  void unmounts_when_it_is_told_to_stop() {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      long start = System.nanoTime();
      assertThat(daemon.stop()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(daemon.isMounted()).isFalse();
    }
  }

  @Test
  void logs_until_its_end() throws InterruptedException {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      Thread.sleep(Machine.deadline(1)); // all of it has begun, and would end by itself
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.output()).contains("stopping to serve " + daemon.mountPoint());
    }
  }

  @Test
  void stops_while_containers_have_its_files() {
    try (DaemonProcess daemon = DaemonProcess.serving();
        Container container = Container.of(daemon).memory("96M").start()) {
      String _ = container.run("exec 7</proc/meminfo; read -r line <&7").ok();
      long start = System.nanoTime();
      assertThat(daemon.stop()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(daemon.isMounted()).isFalse();
    }
  }

  @Test
  void covers_what_lies_at_the_mount_point_and_gives_it_back() throws IOException {
    Path mountPoint = DaemonProcess.newMountPoint();
    Path placeholder = mountPoint.resolve("placeholder");
    Files.writeString(placeholder, "from below");
    try (DaemonProcess daemon = Start.with().at(mountPoint).launch().awaitServing()) {
      assertThat(placeholder).doesNotExist();
      assertThat(daemon.stop()).isZero();
      assertThat(placeholder).hasContent("from below");
      Files.delete(placeholder);
    }
  }

  @Test
  void makes_its_mount_point() throws IOException {
    Path parent = DaemonProcess.newMountPoint();
    Path mountPoint = parent.resolve("not/there");
    try (DaemonProcess daemon = Start.with().at(mountPoint).launch().awaitServing()) {
      assertThat(daemon.stop()).isZero();
    } finally {
      DaemonProcess.removeTree(parent);
    }
  }

  // ---- while it is away ----

  /** Whoever looks there finds the host's own files, and containers start with them. */
  private static void assertServedByTheHost(DaemonProcess gone) {
    assertThat(gone.isMounted()).isFalse();
    assertThat(gone.files())
        .hasSizeGreaterThan(10)
        .allSatisfy(
            file -> assertThat(Files.readSymbolicLink(gone.file(file))).isEqualTo(Path.of(file)));
    assertThat(Output.kilobytes(Machine.read(gone.file("/proc/meminfo")), "MemTotal"))
        .isEqualTo(hostMemory());
    try (Container container = Container.of(gone).memory("96M").start()) {
      assertThat(container.memory("MemTotal")).isEqualTo(hostMemory());
      assertThat(container.read("/sys/devices/system/cpu/online"))
          .isEqualTo(Machine.read("/sys/devices/system/cpu/online"));
    }
  }

  private static long hostMemory() {
    return Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
  }

  /** All that lies there, with inodes and times by which what was made anew is known. */
  private static String listing(Path folder) {
    return Command.run("find", folder.toString(), "-printf", "%p %M %i %C@ %l\n").ok();
  }

  @Test
  void leaves_the_host_s_files_when_it_is_told_to_stop() {
    try (DaemonProcess first = DaemonProcess.serving()) {
      assertThat(first.stop()).isZero();
      assertServedByTheHost(first);
      String laid = listing(first.mountPoint());
      try (DaemonProcess next = Start.with().at(first.mountPoint()).launch().awaitServing()) {
        try (Container container = Container.of(next).memory("96M").start()) {
          assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
        }
        assertThat(next.stop()).isZero();
        assertThat(listing(first.mountPoint())).isEqualTo(laid);
      }
    }
  }

  @Test
  void leaves_the_host_s_files_beneath_the_mount_when_it_is_killed() {
    try (DaemonProcess killed = DaemonProcess.serving()) {
      killed.kill();
      String _ = Command.run("umount", "-l", killed.mountPoint().toString()).ok();
      assertServedByTheHost(killed);
    }
  }

  @Test
  void leaves_the_host_s_files_where_it_can_t_mount() {
    try (DaemonProcess refused =
        Start.with()
            .within("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
            .launch()) {
      assertThat(refused.awaitExit()).isBetween(1, 127);
      assertServedByTheHost(refused);
    }
  }

  @Test
  void clears_away_what_a_runtime_left_but_nothing_of_a_user_s() throws IOException {
    Path mountPoint = DaemonProcess.newMountPoint();
    Files.createDirectories(mountPoint.resolve("proc/meminfo"));
    Path theirs = mountPoint.resolve("proc/stat/theirs");
    Files.createDirectories(theirs.getParent());
    Files.writeString(theirs, "kept");
    try (DaemonProcess daemon = Start.with().at(mountPoint).launch().awaitServing()) {
      // It serves before it can log.
      Command.eventually(() ->
          assertThat(daemon.output().lines())
              .satisfiesExactly(
                  warning ->
                      assertThat(warning).contains("WARN", "1 files", mountPoint + "/proc/stat"),
                  line -> assertThat(line).contains(DaemonProcess.SERVING)));
      assertThat(daemon.stop()).isZero();
      assertThat(Output.kilobytes(Machine.read(daemon.file("/proc/meminfo")), "MemTotal"))
          .isEqualTo(hostMemory());
      assertThat(theirs).hasContent("kept");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ro", "nr_inodes=1"})
  void serves_from_a_disk_that_is_read_only_or_full(String options) {
    Path mountPoint = DaemonProcess.newMountPoint();
    try (DaemonProcess daemon =
        behind("mount -t tmpfs -o " + options + " disk " + mountPoint).at(mountPoint).launch()) {
      Command.await(
          "the daemon serves",
          Machine.deadline(30),
          () -> daemon.output().contains(DaemonProcess.SERVING));
      assertThat(daemon.output().lines())
          .hasSize(2)
          .first()
          .asString()
          .contains("WARN", "files are not linked");
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
      assertThat(daemon.stop()).isZero();
    }
  }

  @Test
  void leaves_nothing_where_it_is_told_to_lay_no_placeholders() {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.placeholders=false")) {
      assertThat(daemon.stop()).isZero();
      assertThat(daemon.mountPoint()).isEmptyDirectory();
    }
  }

  // ---- refusing to start ----

  @Test
  void leaves_the_mount_point_to_another_daemon_that_serves_it() {
    try (DaemonProcess first = DaemonProcess.serving()) {
      try (DaemonProcess second = Start.with().at(first.mountPoint()).launch()) {
        assertThat(second.awaitExit()).isBetween(1, 127);
        assertThat(second.output().lines())
            .singleElement()
            .asString()
            .contains(first.mountPoint().toString(), "is served by another podproc");
        assertThat(first.isMounted()).isTrue();
        assertThat(Machine.read(first.file("/proc/uptime"))).isNotEmpty();
        assertThat(first.stop()).isZero();
      }
    }
  }

  @Test
  void leaves_the_mount_point_to_another_file_system() {
    // Any FUSE file system that is not podproc's: the type is what tells.
    assertRefused(
        Start.with()
            .within(
                "unshare",
                "--mount",
                "python3",
                "-ISc",
                """
                import ctypes, os, sys
                libc = ctypes.CDLL(None, use_errno=True)
                fd = os.open("/dev/fuse", os.O_RDWR)
                os.set_inheritable(fd, True)
                target = [a for a in sys.argv if "mount-point=" in a][0].split("=")[1]
                options = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
                if libc.mount(b"other", target.encode(), b"fuse.other", 0, options.encode()):
                    sys.exit(os.strerror(ctypes.get_errno()))
                os.execv(sys.argv[1], sys.argv[1:])
                """),
        "is taken by a mount of type fuse.other");
  }

  @Test
  void says_that_there_is_no_fuse_device() {
    assertRefused(
        behind(
            "mount -t tmpfs dev /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/urandom c 1 9;"
                + " mknod -m 666 /dev/random c 1 8"),
        "there is no /dev/fuse");
  }

  @Test
  void says_that_the_fuse_device_can_t_be_opened() {
    // A container without the device's permission meets EPERM; of a mount nodev it is EACCES.
    assertRefused(
        behind(
            "mount -t tmpfs -o nodev x /mnt; mknod /mnt/fuse c 10 229; mount --bind /mnt/fuse /dev/fuse"),
        "/dev/fuse can't be opened");
  }

  @Test
  void says_that_libfuse_is_not_installed() {
    assertRefused(
        behind(
                "for f in /lib/*/libfuse.so.2 /usr/lib/*/libfuse.so.2; do [[ ! -e $f ]] || mount --bind /dev/null $(realpath $f); done")
            .set("-Dpodproc.transport=libfuse"),
        "libfuse.so.2 can't be loaded");
  }

  @Test
  void says_that_it_lacks_the_privilege_to_mount() {
    assertRefused(
        Start.with().within("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"),
        "CAP_SYS_ADMIN");
  }

  @ParameterizedTest
  @CsvSource({
    "/proc/podproc-e2e/mount, can't be made",
    "/etc/passwd, /etc/passwd",
    "relative/path, must be an absolute path"
  })
  void says_that_the_mount_point_can_t_be_made(Path mountPoint, String words) {
    assertRefused(Start.with("-Dpodproc.mount-point=" + mountPoint), words, mountPoint.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "cpu-policy, foo",
    "sampler-interval, 0s",
    "sampler-interval, abc",
    "sampler-interval, 2m",
    "host-max-age, -1s",
    "readiness-deadline, 0s",
    "swap, perhaps",
    "memory-high, 1x",
    "cpuplicy, quota",
    "foo, 1"
  })
  void says_which_setting_is_wrong(String name, String value) {
    assertRefused(Start.with("-Dpodproc." + name + "=" + value), "podproc." + name);
  }

  @Test
  void says_that_a_setting_of_the_environment_is_wrong() {
    assertRefused(Start.with().env(Map.of("PODPROC_CPU_POLICY", "foo")), "cpu-policy", "foo");
  }

  @Test
  void says_that_a_setting_of_the_environment_is_not_known() {
    assertRefused(Start.with().env(Map.of("PODPROC_FOO", "1")), "PODPROC_FOO");
  }

  @Test
  void starts_with_what_Kubernetes_puts_into_the_environment() {
    // Every container gets these of the services of its namespace.
    Map<String, String> services =
        Map.of(
            "PODPROC_WEBHOOK_SERVICE_HOST", "10.96.0.7",
            "PODPROC_WEBHOOK_SERVICE_PORT", "443",
            "PODPROC_WEBHOOK_PORT", "tcp://10.96.0.7:443",
            "PODPROC_WEBHOOK_PORT_443_TCP_ADDR", "10.96.0.7",
            "PODPROC_SERVICE_HOST", "10.96.0.8",
            "PODPROC_PORT", "tcp://10.96.0.8:9464");
    try (DaemonProcess daemon = Start.with().env(services).launch().awaitServing()) {
      // It serves before it says so.
      Command.eventually(() -> assertThat(daemon.output().lines()).hasSize(1));
    }
  }

  @Test
  void takes_settings_from_the_environment() {
    try (DaemonProcess daemon =
            Start.with().env(Map.of("PODPROC_CPU_POLICY", "cpuset")).launch().awaitServing();
        Container container = Container.of(daemon).cpus("0.5").start()) {
      assertThat(container.read("/sys/devices/system/cpu/online"))
          .isEqualTo(Machine.read("/sys/devices/system/cpu/online"));
    }
  }

  @Test
  void says_that_its_http_port_is_taken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      assertRefused(
          Start.with("-Dpodproc.http-port=" + taken.getLocalPort()),
          "port " + taken.getLocalPort() + " at 0.0.0.0 can't be had: Address already in use");
    }
  }

  // ---- while it serves ----

  @Test
  void is_ready_while_its_files_can_be_read() {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(200);
      assertThat(daemon.get("/q/health/ready").body()).contains("\"status\":\"UP\"", "ANSWERS");
      String _ = Command.run("umount", "-l", daemon.mountPoint().toString()).ok();
      assertThat(daemon.get("/q/health/ready").statusCode()).isEqualTo(503);
      assertThat(daemon.get("/q/health/ready").body()).contains("\"status\":\"DOWN\"");
      assertThat(daemon.stop()).isZero();
    }
  }

  @Test
  void is_alive_until_nobody_can_be_served_any_more() {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      assertThat(daemon.get("/q/health/live").statusCode()).isEqualTo(200);
      try (Container container = Container.of(daemon).memory("96M").start()) {
        String _ = Command.run("umount", "-l", daemon.mountPoint().toString()).ok();
        assertThat(daemon.get("/q/health/live").statusCode()).isEqualTo(200);
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
      }
      Command.await(
          "it is not alive without a mount",
          Machine.deadline(10),
          () -> daemon.get("/q/health/live").statusCode() == 503);
      assertThat(daemon.stop()).isZero();
    }
  }

  /** As if its threads had locked each other out: a file of the host's that nobody writes to. */
  @Test
  void is_not_alive_while_it_does_not_answer(@TempDir Path proc) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc"))) {
      for (Path file : files.toList()) {
        if (!file.endsWith("meminfo")) {
          Files.createSymbolicLink(proc.resolve(file.getFileName()), file);
        }
      }
    }
    Path silent = proc.resolve("meminfo");
    String _ = Command.run("mkfifo", silent.toString()).ok();
    List<Process> readers = new ArrayList<>();
    try (DaemonProcess daemon =
        DaemonProcess.serving("-Dpodproc.proc-root=" + proc, "-Dpodproc.readiness-deadline=1s")) {
      assertThat(daemon.get("/q/health/live").statusCode()).isEqualTo(200);
      for (int reader = 0; reader < 4; reader++) {
        readers.add(
            Command.start(
                List.of("cat", daemon.file("/proc/meminfo").toString()),
                Map.of(),
                ProcessBuilder.Redirect.DISCARD));
      }
      Command.await(
          "it is not alive any more",
          Machine.deadline(10),
          () -> daemon.get("/q/health/live").statusCode() == 503);
      assertThat(daemon.get("/q/health/live").body()).contains("stuck");
      // Its readers are let go, one after the other.
      Command.await(
          "it is alive again",
          Machine.deadline(20),
          () -> {
            String _ = Command.run("timeout", "1", "dd", "if=/dev/null", "of=" + silent).text();
            return daemon.get("/q/health/live").statusCode() == 200;
          });
    } finally {
      readers.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void counts_what_it_serves_and_logs_none_of_it() {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.sampler-interval=1s")) {
      try (Container container = Container.of(daemon).memory("96M").start()) {
        String _ = container.run("for i in {1..20}; do cat /proc/meminfo; done").ok();
        String _ = Command.run("cat", daemon.file("/proc/meminfo").toString()).ok();
        String metrics = daemon.get("/q/metrics").body();
        assertThat(requests(metrics, "/proc/meminfo", "container")).isEqualTo(20);
        assertThat(requests(metrics, "/proc/meminfo", "host")).isEqualTo(1);
        assertThat(requests(metrics, "/proc/meminfo", "fallback")).isZero();
        assertThat(requests(metrics, "/proc/stat", "container")).isZero();
        assertThat(metric(metrics, "podproc_render_seconds_count", "file=\"/proc/meminfo\""))
            .isEqualTo(21);
        assertThat(metric(metrics, "podproc_render_seconds_sum", "file=\"/proc/meminfo\""))
            .isBetween(0.00001, 5.0);
        assertThat(Output.all(metrics, "^podproc_fallbacks_total\\{.*\\} ([\\d.]+)$"))
            .hasSizeGreaterThan(20)
            .allMatch(values -> values.getFirst() == 0);
        assertThat(Output.number(metrics, "^podproc_containers ([\\d.]+)$")).isEqualTo(1);
      }
      Command.await(
          "the container that is gone is not counted",
          Machine.deadline(10),
          () ->
              Output.number(daemon.get("/q/metrics").body(), "^podproc_containers ([\\d.]+)$")
                  == 0);
      assertThat(daemon.output().lines())
          .singleElement()
          .asString()
          .contains(DaemonProcess.SERVING);
    }
  }

  private static double requests(String metrics, String file, String outcome) {
    return metric(
        metrics, "podproc_requests_total", "file=\"%s\",outcome=\"%s\"".formatted(file, outcome));
  }

  private static double metric(String metrics, String name, String labels) {
    return Output.number(metrics, "^" + name + "\\{" + labels + "\\} ([\\d.E-]+)$");
  }
}
