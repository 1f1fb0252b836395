// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What users type, in a container of 1 CPU and 256 MiB: numbers that no host has. */
@IntegrationTest
class ToolsIT {
  private static final int MEBIBYTES = 256;
  private static final int KIBIBYTES = MEBIBYTES * 1024;

  private static Container container;

  @BeforeAll
  static void start(DaemonProcess daemon) {
    Stream.of(
            "free",
            "top",
            "atop",
            "mpstat",
            "htop",
            "lscpu",
            "numactl",
            "numastat",
            "busybox",
            "python3",
            "script")
        .forEach(Requirements::tool);
    Requirements.need(
        Runtime.getRuntime().availableProcessors() > 1, "a host with more than the one CPU");
    container = Container.of(daemon).cpus("1").memory("256M").start();
  }

  @AfterAll
  static void stop() {
    container.close();
  }

  private static String run(String script) {
    return container.run(script).ok();
  }

  @Test
  void free() {
    String text = run("free -m");
    assertThat(Output.number(text, "^Mem: +(\\d+)")).isEqualTo(MEBIBYTES);
    assertThat(Output.number(text, "^Mem: +\\d+ +(\\d+)")).isLessThan(MEBIBYTES);
    assertThat(Output.number(text, "^Mem: .* (\\d+)$"))
        .isBetween(MEBIBYTES / 2.0, (double) MEBIBYTES);
  }

  @Test
  void top() {
    String text = run("top -bn2 -d1");
    assertThat(text).containsPattern("up 0 min|up +\\d+ min");
    assertThat(Output.all(text, "^MiB Mem : +([\\d.]+) total").getLast().getFirst())
        .isEqualTo(MEBIBYTES);
    assertThat(Output.all(text, "^Tasks: +(\\d+) total").getLast().getFirst()).isBetween(2.0, 5.0);
  }

  /** By its keys 2, and 3 for the CPUs of one of them. */
  @Test
  void top_shows_one_numa_node() {
    String screen =
        run(
            "(sleep 2; printf 2; sleep 2; printf 3; sleep 1; printf '0\\n'; sleep 2; printf q)"
                + " | TERM=xterm script -qec 'stty rows 40 cols 120; top -d 1' /dev/null");
    String text = screen.replaceAll("\033(\\[[0-9;?]*[a-zA-Z]|\\([A-Z]|[=>])", "");
    assertThat(text).contains("%Node0").doesNotContain("%Node1");
    String ofNode = text.substring(text.lastIndexOf("%Node0"));
    assertThat(ofNode).contains("%Cpu0").doesNotContain("%Cpu1");
  }

  /** It ends at once where there are fewer threads than processes. */
  @Test
  void atop() {
    String text =
        run("sleep 6; sleep 60 & sleep 60 & sleep 60 & atop 1 1; kill $(jobs -p); wait || true");
    assertThat(text).contains("#proc").doesNotContain("#threads");
    assertThat(Output.number(text, "#proc +(\\d+) ")).isBetween(4.0, 10.0);
  }

  @Test
  void uptime() {
    assertThat(run("uptime")).containsPattern("up \\d+ min, .*load average: \\d\\.\\d\\d,");
    assertThat(run("uptime -s")).startsWith("20");
  }

  @Test
  void w() {
    assertThat(run("w")).containsPattern("up \\d+ min, .*load average: \\d\\.\\d\\d,");
  }

  @Test
  void vmstat() {
    assertThat(Output.number(run("vmstat -s"), "^ *(\\d+) K total memory")).isEqualTo(KIBIBYTES);
    assertThat(Output.all(run("vmstat 1 2"), "^ *\\d+ +\\d+ +\\d+ +(\\d+) ").getLast().getFirst())
        .isBetween(KIBIBYTES / 2.0, (double) KIBIBYTES);
  }

  /** Columns 9 to 12 are bi, bo, in and cs. */
  @Test
  void vmstat_averages_what_was_counted_for_the_container() {
    String _ = run("cat /proc/stat");
    List<Double> first =
        Output.all(
                run("vmstat 1 1"),
                "^ *\\d+ +\\d+ +\\d+ +\\d+ +\\d+ +\\d+ +\\d+ +\\d+ +(\\d+) +(\\d+) +(\\d+) +(\\d+) ")
            .getFirst();
    double age = Output.number(run("cat /proc/uptime"), "^(\\S+) ");
    String host = Machine.read("/proc/stat");
    assertThat(first).hasSize(4);
    // What the machine has counted since its boot, by the container's uptime, would be all of it.
    assertThat(first.get(2) * age).isLessThan(Output.number(host, "^intr (\\d+) ") / 2);
    assertThat(first.get(3) * age).isLessThan(Output.number(host, "^ctxt (\\d+)$") / 2);
    assertThat(first.subList(0, 2)).allSatisfy(rate -> assertThat(rate).isLessThan(200_000));
  }

  @Test
  void vmstat_s() {
    String own = run("vmstat -s");
    String host = Command.run("vmstat", "-s").ok();
    for (String count : List.of("interrupts", "CPU context switches", "(?:K|pages) paged out")) {
      String line = "^ *(\\d+) " + count + "$";
      assertThat(Output.number(own, line)).as(count).isLessThan(Output.number(host, line) / 2);
    }
  }

  @Test
  void node_exporter_collects_the_container_s_own_vmstat() {
    Requirements.tool("prometheus-node-exporter");
    Requirements.tool("curl");
    String metrics =
        run(
            """
            socket=127.0.0.1:$((20000 + RANDOM % 10000))
            prometheus-node-exporter --web.listen-address=$socket --collector.disable-defaults --collector.vmstat >/dev/null 2>&1 &
            until curl -sf http://$socket/metrics | grep ^node_vmstat; do sleep 0.1; done
            kill $!
            wait $! 2>/dev/null || true
            """);
    String own = run("cat /proc/vmstat");
    String host = Machine.read("/proc/vmstat");
    for (String key : List.of("pgfault", "pgmajfault", "pgpgin", "pgpgout")) {
      double said = Output.number(metrics, "^node_vmstat_" + key + " ([\\d.e+]+)$");
      assertThat(said)
          .as(key)
          .isBetween(0.0, Output.number(own, "^" + key + " (\\d+)$"))
          .isLessThan(Output.number(host, "^" + key + " (\\d+)$") / 2);
    }
    assertThat(Output.number(metrics, "^node_vmstat_pgfault ([\\d.e+]+)$")).isPositive();
  }

  @Test
  void sar_tells_of_the_container_s_own_faults() {
    String text =
        run(
            "sar -B 1 2 & for i in 1 2 3 4 5 6; do sleep 0.4; /usr/bin/python3 -I -S -c ''; done; wait");
    String average = "^Average: +([\\d.]+) +([\\d.]+) +([\\d.]+) +([\\d.]+) +([\\d.]+) ";
    List<Double> rates = Output.all(text, average).getFirst();
    assertThat(rates.get(2)).as("faults").isBetween(100.0, 100_000.0);
    assertThat(rates.get(4)).as("pages that the node frees").isZero();
    assertThat(run("sar -W 1 1")).containsPattern("Average: +0\\.00 +0\\.00\n");
  }

  @Test
  void ps() {
    String text = run("ps aux");
    assertThat(text.lines().count()).isBetween(3L, 6L);
    // Memory in percent of the container's.
    assertThat(Output.number(text, "^root +1 +[\\d.]+ +([\\d.]+) ")).isBetween(0.4, 10.0);
    // It adds start times to btime.
    assertThat(
            run("date -d \"$(ps -o lstart= -p 1)\" +%s; date +%s")
                .lines()
                .map(Long::parseLong)
                .reduce((start, now) -> now - start))
        .hasValueSatisfying(age -> assertThat(age).isBetween(-2L, 600L));
  }

  @Test
  void mpstat() {
    String text = run("mpstat -P ALL 1 2");
    assertThat(Output.all(text, "^Average: +(\\d+) ")).hasSize(1);
  }

  @Test
  void iostat() {
    assertThat(run("iostat -d -p ALL")).contains("Device");
    assertThat(run("iostat -c")).contains("avg-cpu");
  }

  @Test
  void htop() {
    String screen =
        run(
            "(sleep 2; printf q) | TERM=xterm script -qec 'stty rows 40 cols 120; htop -d 5' /dev/null");
    // Without the sequences that colour it and place it.
    String text = screen.replaceAll("\033(\\[[0-9;?]*[a-zA-Z]|\\([A-Z]|[=>])", "");
    assertThat(text).containsPattern("Mem\\[.*/256M").contains("Tasks:", "Load average:");
  }

  @Test
  void lscpu() {
    String text = run("lscpu");
    assertThat(Output.number(text, "^CPU\\(s\\): +(\\d+)$")).isEqualTo(1);
    assertThat(text).containsPattern("On-line CPU\\(s\\) list: +0\n");
  }

  @Test
  void numactl() {
    String text = run("numactl -H");
    assertThat(text).contains("available: 1 nodes (0)\n", "node 0 cpus: 0\n", "  0:  10 \n");
    assertThat(Output.number(text, "^node 0 size: (\\d+) MB$")).isEqualTo(MEBIBYTES);
    assertThat(Output.number(text, "^node 0 free: (\\d+) MB$")).isLessThan(MEBIBYTES);
    assertThat(run("numastat -m")).containsPattern("MemTotal +256\\.00 +256\\.00\n");
  }

  @Test
  void lscpu_tells_of_one_node() {
    assertThat(run("lscpu"))
        .containsPattern("NUMA node\\(s\\): +1\n")
        .containsPattern("NUMA node0 CPU\\(s\\): +0\n");
  }

  @Test
  void getconf() {
    assertThat(run("getconf _NPROCESSORS_ONLN")).isEqualTo("1\n");
    assertThat(run("getconf _NPROCESSORS_CONF")).isEqualTo("1\n");
  }

  @Test
  void python() {
    assertThat(
            run(
                "/usr/bin/python3 -I -S -c 'import os; print(os.cpu_count(), os.sysconf(\"SC_PHYS_PAGES\") > 0)'"))
        .isEqualTo("1 True\n");
  }

  @Test
  void oshi() {
    String text =
        run(
            "%s/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp '%s' %s 2>/dev/null"
                .replaceFirst("%s", System.getProperty("java.home"))
                .replaceFirst("%s", System.getProperty("java.class.path"))
                .replaceFirst("%s", OshiReport.class.getName()));
    assertThat(Output.number(text, "^total (\\d+)$")).isEqualTo(KIBIBYTES);
    assertThat(Output.number(text, "^available (\\d+)$")).isLessThan(KIBIBYTES);
    assertThat(Output.number(text, "^uptime (\\d+)$"))
        .isLessThan(Output.number(Machine.read("/proc/uptime"), "^([\\d.]+)"));
  }

  @Test
  void java_starts_and_tells_of_the_system() {
    assertThat(
            run(
                System.getProperty("java.home")
                    + "/bin/java -XX:TieredStopAtLevel=1 -XshowSettings:system -version"))
        .contains("Operating System Metrics:");
  }

  // ---- what no file reaches ----

  @Test
  void nproc_and_busybox_ask_the_kernel_itself_and_show_the_host() {
    assertThat(run("nproc")).isEqualTo(Command.run("nproc").ok()).isNotEqualTo("1\n");
    // busybox reads the available memory from meminfo, and sysinfo(2) tells it the rest.
    assertThat(Output.number(run("busybox free -k"), "^Mem: +(\\d+)"))
        .isGreaterThan(KIBIBYTES)
        .isEqualTo(Output.number(Command.run("busybox", "free", "-k").ok(), "^Mem: +(\\d+)"));
  }

  @Test
  void ps_can_t_tell_how_long_a_process_runs() {
    // It takes start times, which count from the host's boot, from an uptime that does not.
    assertThat(Output.number(run("ps -o etimes= -p 1"), "(\\d+)")).isGreaterThan(1e9);
  }

  @Test
  void iostat_without_p_reads_the_disks_in_sys() {
    assertThat(run("iostat -d").lines().count())
        .isEqualTo(Command.run("iostat", "-d").ok().lines().count());
  }
}
