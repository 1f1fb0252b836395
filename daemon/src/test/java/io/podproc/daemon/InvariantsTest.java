// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.VisibleCpus;
import io.podproc.rules.ViewWish;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.NullUnmarked;

/** What holds for every container of every host, whatever the kernel says. */
@NullUnmarked // jqwik's lifecycle is not known to NullAway
class InvariantsTest {
  private static final VirtualTree TREE = VirtualFiles.tree(true);
  private static final String UID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
  private static final String WEB = "/kubepods/pod" + UID + "/" + "a".repeat(64);
  private static final List<String> HOST_FILES =
      List.of(
          "proc/meminfo",
          "proc/cpuinfo",
          "proc/stat",
          "proc/uptime",
          "proc/loadavg",
          "proc/diskstats",
          "proc/vmstat",
          "sys/devices/system/cpu/online",
          "sys/devices/system/cpu/possible",
          "sys/devices/system/node/node0/meminfo",
          "proc/300/stat",
          "proc/300/status",
          "proc/300/task/300/stat");
  private static final List<String> CGROUP_FILES =
      List.of(
          "memory.max",
          "memory.high",
          "memory.current",
          "memory.stat",
          "memory.swap.max",
          "memory.swap.current",
          "cpu.max",
          "cpu.stat",
          "cpuset.cpus.effective",
          "io.stat",
          "pids.current",
          "memory.events",
          "cpu.pressure",
          "memory.pressure",
          "io.pressure",
          "cgroup.procs",
          "cgroup.threads");

  private Path root;
  private FakeKernel kernel;

  @BeforeTry
  void boot() throws IOException {
    root = Files.createTempDirectory("podproc");
    kernel = FakeKernel.v2(root);
    StringBuilder cpuinfo = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      cpuinfo.append("processor\t: ").append(i).append("\nmodel name\t: x\n\n");
    }
    kernel.write("proc/cpuinfo", cpuinfo.toString()).write("proc/diskstats", " 8 0 sda 1\n");
    kernel.cgroup(WEB, 1000).members(WEB, 300).process(300).at(WEB).startedAt(9000);
    cgroup(WEB, "memory.stat", "anon 1");
    cgroup(WEB, "memory.current", "1");
    cgroup(WEB, "io.stat", "");
    for (String resource : List.of("cpu", "memory", "io")) {
      cgroup(WEB, resource + ".pressure", "some total=1");
    }
  }

  @AfterTry
  void shutDown() {
    kernel.remove("");
  }

  private void cgroup(String path, String file, String text) {
    kernel.write("cgroup" + path + "/" + file, text + "\n");
  }

  private Containers containers() throws IOException {
    return new Containers(
        kernel.cgroups(),
        kernel.host(),
        kernel.processes(),
        CpuPolicy.QUOTA,
        FakeKernel.looks(),
        kernel::nanoTime);
  }

  private View view() throws IOException {
    return resolver(containers()).of(300).orElseThrow();
  }

  private ContainerResolver resolver(Containers containers) {
    return new ContainerResolver(
        kernel.processes(),
        containers,
        FakeKernel.looks(),
        FakeKernel.DAEMON,
        FakeKernel.HOST_NAMESPACE);
  }

  private static String read(View view, String path) throws IOException {
    return ((VirtualTree.File) TREE.find(path).orElseThrow()).file().read(view);
  }

  private static long kilobytes(String meminfo, String key) {
    return Long.parseLong(
        meminfo
            .lines()
            .filter(line -> line.startsWith(key + ":"))
            .findFirst()
            .orElseThrow()
            .replaceAll("[^-0-9]", ""));
  }

  /** Numbers of any size, and what a kernel writes instead of one. */
  private static String amount(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> "max";
      case 1 -> "0";
      case 2 -> "18446744073709551615";
      case 3 -> "";
      default -> Long.toString(random.nextLong(Long.MAX_VALUE) >> random.nextInt(63));
    };
  }

  @Property(tries = 80, shrinking = ShrinkingMode.OFF)
  void memoryIsNeverNegativeNorMoreThanTheTotal(@ForAll Random random) throws IOException {
    StringBuilder host = new StringBuilder();
    for (String key :
        List.of(
            "MemTotal",
            "MemFree",
            "MemAvailable",
            "Cached",
            "Mlocked",
            "SwapTotal",
            "SwapFree",
            "AnonPages",
            "VmallocTotal",
            "Novelty")) {
      host.append(key)
          .append(":  ")
          .append(random.nextLong(Long.MAX_VALUE) >> random.nextInt(63))
          .append(" kB\n");
    }
    kernel.write("proc/meminfo", host.toString());
    String above = WEB.substring(0, WEB.lastIndexOf('/'));
    for (String path : List.of(above, WEB)) {
      cgroup(path, "memory.max", amount(random));
      cgroup(path, "memory.swap.max", amount(random));
    }
    cgroup(WEB, "memory.current", amount(random));
    cgroup(WEB, "memory.swap.current", amount(random));
    Supplier<String> some = () -> amount(random);
    cgroup(
        WEB,
        "memory.stat",
        "anon "
            + some.get()
            + "\nfile "
            + some.get()
            + "\nactive_file "
            + some.get()
            + "\ninactive_file "
            + some.get()
            + "\nslab_reclaimable "
            + some.get()
            + "\nunevictable "
            + some.get());
    String meminfo = read(view(), "/proc/meminfo");
    assertThat(meminfo.lines().map(line -> line.split(":", 2)[0]))
        .containsExactlyElementsOf(
            host.toString().lines().map(line -> line.split(":", 2)[0]).toList());
    assertThat(meminfo).doesNotContain("-");
    assertThat(kilobytes(meminfo, "MemFree")).isBetween(0L, kilobytes(meminfo, "MemAvailable"));
    assertThat(kilobytes(meminfo, "MemAvailable"))
        .isLessThanOrEqualTo(kilobytes(meminfo, "MemTotal"));
    assertThat(kilobytes(meminfo, "SwapFree")).isBetween(0L, kilobytes(meminfo, "SwapTotal"));
    assertThat(read(view(), "/proc/swaps")).doesNotContain("-");
  }

  @Property(tries = 80, shrinking = ShrinkingMode.OFF)
  void allFilesShowTheSameCpus(@ForAll Random random) throws IOException {
    String above = WEB.substring(0, WEB.lastIndexOf('/'));
    for (String path : List.of(above, WEB)) {
      cgroup(
          path,
          "cpu.max",
          random.nextInt(4) == 0
              ? "max 100000"
              : random.nextInt(500_000) + " " + random.nextInt(200_000));
      cgroup(
          path,
          "cpuset.cpus.effective",
          List.of("", "0-3", "1", "1,3", "0-1,3", "2-3", "junk").get(random.nextInt(7)));
    }
    assertFilesShowTheSameCpus(view());
  }

  private static void assertFilesShowTheSameCpus(View view) throws IOException {
    VisibleCpus cpus = view.cpus();
    int count = cpus.count();
    assertThat(count).isBetween(1, 4);
    List<Integer> numbers = IntStream.range(0, count).mapToObj(cpus::number).toList();
    assertThat(view.cpus().capacity()).isBetween(0.001, (double) count);
    assertThat(read(view, "/proc/cpuinfo").lines().filter(line -> line.startsWith("processor")))
        .containsExactlyElementsOf(
            numbers.stream().map(number -> "processor\t: " + number).toList());
    assertThat(
            read(view, "/proc/stat")
                .lines()
                .filter(line -> line.matches("cpu\\d.*"))
                .map(line -> line.split(" ", 2)[0]))
        .containsExactlyElementsOf(numbers.stream().map(number -> "cpu" + number).toList());
    for (String name : List.of("cpu/online", "cpu/present", "cpu/possible", "node/node0/cpulist")) {
      assertThat(CpuList.parse(read(view, "/sys/devices/system/" + name)).lowest(9))
          .isEqualTo(numbers);
    }
  }

  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void statAndUptimeAgreeWhileTimeGoesOn(@ForAll Random random) throws IOException {
    View view = view();
    long used = 1000;
    long idleBefore = 0;
    for (int i = 0; i < 5; i++) {
      used += random.nextInt(20_000_000);
      kernel.cgroup(WEB, used).advance(Duration.ofMillis(random.nextInt(10_000)));
      cgroup(WEB, "cpu.max", random.nextInt(1000, 400_000) + " 100000");
      String[] cpu = read(view, "/proc/stat").lines().findFirst().orElseThrow().split(" +", -1);
      String idle = read(view, "/proc/uptime").split(" ", -1)[1].trim().replace(".", "");
      assertThat(Long.parseLong(idle))
          .isEqualTo(Long.parseLong(cpu[4]))
          .isGreaterThanOrEqualTo(idleBefore);
      assertThat(Long.parseLong(cpu[1])).isEqualTo(used / 10_000);
      idleBefore = Long.parseLong(idle);
    }
  }

  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void whateverAPodAsksForItIsShownNoMoreAndFilesAgree(@ForAll Random random) throws IOException {
    for (String path : List.of(WEB.substring(0, WEB.lastIndexOf('/')), WEB)) {
      cgroup(path, "cpu.weight", amount(random));
    }
    cgroup(
        WEB, "cpu.max", random.nextBoolean() ? "max 100000" : random.nextInt(500_000) + " 100000");
    cgroup(WEB, "cpuset.cpus.effective", List.of("", "0-3", "1,3", "2").get(random.nextInt(4)));
    cgroup(WEB, "memory.max", amount(random));
    cgroup(WEB, "memory.current", amount(random));
    cgroup(WEB, "memory.stat", "anon " + amount(random) + "\nfile " + amount(random));
    Containers containers = containers();
    View view = resolver(containers).of(300).orElseThrow();
    VisibleCpus all = view.cpus();
    long total = kilobytes(read(view, "/proc/meminfo"), "MemTotal");
    List<String> wishes =
        List.of("limit", "request", "0.01", "0.5", "1", "2.5", "8192", "0", "-1", "1e400", "x", "");
    containers.tell(
        Map.of(
            UID,
            ViewWish.of(
                Map.of(
                    "podproc.io/cpus",
                    wishes.get(random.nextInt(wishes.size())),
                    "podproc.io/memory",
                    List.of("limit", "1Mi", "3Gi", "7Ei", "1", "x").get(random.nextInt(6))))));
    VisibleCpus shown = view.cpus();
    assertThat(all.hostNumbers()).containsAll(shown.hostNumbers());
    assertThat(shown.capacity()).isLessThanOrEqualTo(all.capacity());
    assertFilesShowTheSameCpus(view);
    String meminfo = read(view, "/proc/meminfo");
    assertThat(kilobytes(meminfo, "MemTotal")).isLessThanOrEqualTo(total);
    assertThat(kilobytes(meminfo, "MemFree")).isBetween(0L, kilobytes(meminfo, "MemAvailable"));
    assertThat(kilobytes(meminfo, "MemAvailable"))
        .isLessThanOrEqualTo(kilobytes(meminfo, "MemTotal"));
    assertThat(read(view, "/sys/devices/system/node/node0/meminfo"))
        .containsPattern("MemTotal: +" + kilobytes(meminfo, "MemTotal") + " kB");
  }

  /** Kernel texts cut, doubled and spoilt. */
  private static String spoilt(Random random) {
    String seed =
        "MemTotal: 5 kB\nprocessor\t: 0\ncpu 1 2\nintr 5\n8:0 rbytes=1 rios=2\nsome avg10=0.00 total=5\nanon 4096\n"
            + "100000 100000\n0-3,5\n300 (a b) R 1 2 3\nNSpid:\t300\t1\n12.34 56.78\nmax\n\r\n\t -1 18446744073709551616 \u00e9\0)(";
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      int from = random.nextInt(seed.length());
      text.append(seed, from, random.nextInt(from, seed.length() + 1));
    }
    return text.toString();
  }

  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  void whateverTheKernelSaysAFileIsTextOrAnIoException(@ForAll Random random) throws IOException {
    View view = view();
    for (int round = 0; round < 2; round++) {
      for (String file : HOST_FILES) {
        if (random.nextInt(3) == 0) {
          kernel.write(file, spoilt(random));
        }
      }
      for (String file : CGROUP_FILES) {
        if (random.nextBoolean()) {
          kernel.write("cgroup" + WEB + "/" + file, spoilt(random));
        }
      }
      kernel.advance(Duration.ofSeconds(random.nextInt(10)));
      for (VirtualTree.File file : TREE.files()) {
        try {
          assertThat(file.file().read(view)).isNotNull();
        } catch (IOException e) {
          assertThat(e).isNotNull(); // the fallback is for that
        }
      }
    }
  }

  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void whateverItSaysOfACallerItIsPlacedOrNot(@ForAll Random random) throws IOException {
    kernel.write("proc/300/cgroup", "0::/x/" + spoilt(random).replace("\0", ""));
    if (random.nextBoolean()) {
      kernel.process(300).namespace("pid:[7]");
      kernel.write("proc/300/cgroup", "0::/x\n");
      kernel.write("proc/300/status", spoilt(random));
    }
    Containers containers = containers();
    try {
      assertThat(resolver(containers).of(300)).isNotNull();
    } catch (IOException e) {
      assertThat(e).isNotNull(); // the fallback is for that
    }
  }
}
