// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What programs rely on when they read these files. The same is asserted of the kernel's own files
 * on the host and of podproc's in a container, so that it is no invention.
 */
@IntegrationTest
class ContractIT {
  private static final String PYTHON = "/usr/bin/python3 -I -S ";

  /** Lines of PLACE, CHECK, FILE and what is wrong. */
  private static final List<String> FINDINGS = new ArrayList<>();

  private static DaemonProcess daemon;
  private static Container container;

  enum Place {
    HOST,
    CONTAINER
  }

  @BeforeAll
  static void start(DaemonProcess shared) {
    Requirements.tool("python3");
    Requirements.tool("busybox");
    daemon = shared;
    FINDINGS.clear();
    container = Container.of(daemon).cpus("1.5").memory("256M").start();
    for (Place place : Place.values()) {
      // A kernel may be without some of them, which are then in no container either.
      String files =
          String.join(" ", daemon.files().stream().filter(file -> isReadable(file)).toList());
      String script =
          PYTHON + Machine.checkout().resolve("e2e/src/test/resources/contract.py") + " " + files;
      Output output = place == Place.HOST ? Command.bash(script) : container.run(script);
      assertThat(output.ok().lines()).last().isEqualTo("done");
      output.lines().forEach(line -> FINDINGS.add(place + "\t" + line));
    }
  }

  @AfterAll
  static void stop() {
    container.close();
  }

  private static boolean isReadable(String file) {
    return Command.run("cat", file).status() == 0;
  }

  private static Stream<String> findings(Place place, String check) {
    return FINDINGS.stream().filter(line -> line.startsWith(place + "\t" + check + "\t"));
  }

  @ParameterizedTest
  @EnumSource
  void every_text_ends_with_a_newline(Place place) {
    assertThat(findings(place, "newline")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void every_line_has_its_fields(Place place) {
    assertThat(findings(place, "fields")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void size_tells_nothing_or_the_length(Place place) {
    // But where a kernel for thousands of CPUs says the longest that these may be
    // (include/linux/cpumask.h, CPULIST_FILE_MAX_BYTES), and only it does.
    String longest = "\t/sys/devices/system/node/node0/cpu(list|map)\t";
    assertThat(findings(place, "size"))
        .allMatch(line -> place == Place.HOST && line.matches(".*" + longest + "\\d{5,}"));
  }

  @Test
  void size_and_blocks_are_those_of_the_text_that_is_read() {
    assertThat(findings(Place.CONTAINER, "length")).isEmpty();
    assertThat(findings(Place.CONTAINER, "blocks")).isEmpty();
  }

  @Test
  void no_place_is_told_from_the_end() {
    assertThat(findings(Place.HOST, "end")).allMatch(line -> line.contains("\t/sys/"));
    assertThat(findings(Place.CONTAINER, "end")).isEmpty();
  }

  /** Whether the kernel can be told to refuse to map files. */
  boolean isMappingRefused() {
    return Machine.hasLinux(6, 9);
  }

  /** Programs then read; else they are killed by SIGBUS. */
  @Test
  void nothing_can_be_mapped() {
    assertThat(findings(Place.HOST, "mapping"))
        .hasSizeGreaterThan(10)
        .allMatch(line -> line.matches(".*\t(EIO|ENODEV)"));
    assertThat(findings(Place.CONTAINER, "mapping"))
        .hasSizeGreaterThan(10)
        .allMatch(line -> line.endsWith(isMappingRefused() ? "\tENODEV" : "\tNone"));
  }

  @ParameterizedTest
  @EnumSource
  void nothing_is_full(Place place) {
    String script = "df --output=itotal /proc/meminfo | tail -n 1";
    Output output = place == Place.HOST ? Command.bash(script) : container.run(script);
    assertThat(output.ok().strip()).isEqualTo("0");
  }

  @ParameterizedTest
  @EnumSource
  void access_is_told_as_open_has_it(Place place) {
    assertThat(findings(place, "access")).isEmpty();
  }

  /** Of root's own file: root by its uid, or whoever passes by modes, as the kernel has it. */
  @Test
  void slabinfo_is_for_root_and_for_whom_modes_do_not_hold() {
    String nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    String passing = "--inh-caps +dac_read_search --ambient-caps +dac_read_search ";
    assertThat(container.run("cat /proc/slabinfo").status()).isZero();
    assertThat(container.run(nobody + "cat /proc/slabinfo").text()).contains("Permission denied");
    assertThat(container.run(nobody + passing + "cat /proc/slabinfo").status()).isZero();
    assertThat(container.run(nobody + passing + "test -r /proc/slabinfo").status()).isZero();
    // A capability of a user namespace of its own is none here.
    assertThat(container.run(nobody + "unshare --user --map-root-user cat /proc/slabinfo").text())
        .contains("Permission denied");
  }

  @ParameterizedTest
  @EnumSource
  void whoever_has_the_kernel_send_it_gets_all_or_an_error(Place place) {
    assertThat(findings(place, "sent")).isEmpty();
  }

  @Test
  void busybox_and_coreutils_copy_as_much_as_is_read() {
    for (String command :
        List.of(
            "busybox cat F",
            "busybox tail -n 3 F",
            "tail -n 3 F",
            "busybox wc -c <F",
            "wc -c F",
            "cp F /dev/stdout",
            "busybox cp F /dev/stdout",
            "tail -n 2 F",
            "tac F",
            "install F /tmp/podproc-copy && cat /tmp/podproc-copy",
            "busybox head -n 2 F")) {
      // What does not change between two reads: the CPUs.
      String file = "/proc/cpuinfo";
      String steady = " | grep -v MHz";
      String text = container.run("dd if=" + file + " status=none >/tmp/podproc-text").ok();
      assertThat(text).isEmpty();
      String words = command.contains("wc") ? "" : steady;
      assertThat(container.run(command.replace("F", file) + words).ok().replace(file, "F"))
          .as(command)
          .isEqualTo(
              container
                  .run(command.replace("F", "/tmp/podproc-text") + words)
                  .ok()
                  .replace("/tmp/podproc-text", "F"));
    }
    String _ = container.run("rm /tmp/podproc-text /tmp/podproc-copy").ok();
  }

  @ParameterizedTest
  @EnumSource
  void mode_is_for_all_to_read(Place place) {
    assertThat(findings(place, "mode")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void writing_is_refused(Place place) {
    assertThat(findings(place, "refusal"))
        .hasSizeGreaterThan(10)
        .noneMatch(line -> line.endsWith("None"));
  }

  @Test
  void writing_is_refused_as_on_a_read_only_file_system() {
    assertThat(findings(Place.CONTAINER, "refusal"))
        .allMatch(line -> line.matches(".*\t(EROFS|EACCES)"));
  }

  @ParameterizedTest
  @EnumSource
  void reading_twice_gives_the_same_lines(Place place) {
    assertThat(findings(place, "again")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void reading_in_pieces_gives_the_same_text(Place place) {
    assertThat(findings(place, "pieces")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void any_offset_can_be_read_and_past_the_end_is_nothing(Place place) {
    assertThat(findings(place, "places")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void going_back_to_the_start_gives_fresh_text(Place place) {
    assertThat(findings(place, "fresh")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void free_and_available_memory_are_part_of_the_total(Place place) {
    assertThat(findings(place, "memory")).isEmpty();
  }

  @Test
  void free_memory_is_available() {
    // Not so on a host, which keeps a reserve (mm/show_mem.c:si_mem_available).
    assertThat(findings(Place.CONTAINER, "available")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void nobody_reads_all_but_slabinfo(Place place) {
    assertThat(findings(place, "nobody")).isEmpty();
  }

  @Test
  void dd_reads_byte_by_byte_and_skips() {
    String file = "/sys/devices/system/cpu/online";
    assertThat(container.run("dd if=%s bs=1 2>/dev/null".formatted(file)).ok()).isEqualTo("0-1\n");
    assertThat(container.run("dd if=%s bs=1 skip=2 2>/dev/null".formatted(file)).ok())
        .isEqualTo("1\n");
    assertThat(container.run("dd if=%s bs=4 skip=1 2>/dev/null".formatted(file)).ok()).isEmpty();
  }

  @Test
  void slabinfo_of_the_host_is_for_no_container() {
    assertThat(Machine.read("/proc/slabinfo").lines()).hasSizeGreaterThan(20);
    assertThat(container.read("/proc/slabinfo").lines()).hasSize(2);
    // Nor by the way round the cover: through the mount itself, as another container's root.
    assertThat(container.read(daemon.file("/proc/slabinfo").toString()).lines()).hasSize(2);
  }

  @Test
  void folders_list_what_is_served() throws IOException {
    assertThat(daemon.files())
        .containsExactlyInAnyOrder(
            "/proc/cpuinfo",
            "/proc/diskstats",
            "/proc/loadavg",
            "/proc/meminfo",
            "/proc/pressure/cpu",
            "/proc/pressure/io",
            "/proc/pressure/memory",
            "/proc/slabinfo",
            "/proc/stat",
            "/proc/swaps",
            "/proc/uptime",
            "/proc/vmstat",
            "/sys/devices/system/cpu/offline",
            "/sys/devices/system/cpu/online",
            "/sys/devices/system/cpu/possible",
            "/sys/devices/system/cpu/present",
            "/sys/devices/system/node/has_cpu",
            "/sys/devices/system/node/has_memory",
            "/sys/devices/system/node/node0/cpulist",
            "/sys/devices/system/node/node0/cpumap",
            "/sys/devices/system/node/node0/distance",
            "/sys/devices/system/node/node0/meminfo",
            "/sys/devices/system/node/online",
            "/sys/devices/system/node/possible");
    try (Stream<java.nio.file.Path> top = Files.list(daemon.mountPoint())) {
      assertThat(top.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("proc", "sys");
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Test
  void what_is_not_served_is_not_there() {
    for (String path : List.of("/proc/version", "/etc", "/proc/meminfo2", "/proc/pressure/irq")) {
      assertThatThrownBy(() -> Files.readAttributes(daemon.file(path), "*"))
          .isInstanceOf(NoSuchFileException.class);
    }
    assertThat(Command.run("cat", daemon.file("/proc/meminfo/x").toString()).text())
        .contains("Not a directory");
  }

  @Test
  void nothing_can_be_made_or_removed() {
    String folder = daemon.mountPoint().toString();
    for (String command :
        List.of(
            "touch X/new",
            "mkdir X/new",
            "rm X/proc/meminfo",
            "mv X/proc X/q",
            "chmod 600 X/proc/stat")) {
      assertThat(Command.bash(command.replace("X", folder)).text())
          .as(command)
          .contains("Read-only file system");
    }
  }
}
