// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * CPU time and load. One container is busy on 1 of its 1.5 CPUs, a second one does nothing, and the
 * host is busy on all CPUs with work of the least priority, which leaves to the first what it
 * wants.
 */
@IntegrationTest
class CpuIT {
  private static final String LOOP = "while :; do :; done";

  /** What 1 is of 1.5, in percent. */
  private static final double TWO_THIRDS = 100 / 1.5;

  private static DaemonProcess daemon;
  private static Container busy;
  private static Container idle;
  private static final List<Process> OUTSIDE = new ArrayList<>();

  @BeforeAll
  static void start(DaemonProcess shared) {
    Requirements.tool("mpstat");
    daemon = shared;
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      OUTSIDE.add(
          Command.start(
              List.of("nice", "-n", "19", "bash", "-c", LOOP),
              Map.of(),
              ProcessBuilder.Redirect.DISCARD));
    }
    busy = Container.of(daemon).cpus("1.5").start();
    idle = Container.of(daemon).cpus("1.5").start();
    busy.run("{ " + LOOP + "; } &").ok();
  }

  @AfterAll
  static void stop() {
    OUTSIDE.forEach(Process::destroyForcibly);
    Stream.of(busy, idle).filter(Objects::nonNull).forEach(Container::close);
  }

  /** The last round's "%Cpu(s): 66.5 us, 0.2 sy, 0.0 ni, 33.3 id". */
  private static double usedByTop(Container container) {
    String text = container.run("top -bn2 -d2").ok();
    return 100 - Output.all(text, "^%Cpu.*[ ,]([\\d.]+) id,").getLast().getFirst();
  }

  /**
   * Asserts that a tool shows two thirds. Where the machine has other work to do, the busy
   * container gets less than its CPU, and that is what must be shown: what its cgroup used
   * meanwhile. The tool looks at a part of the time only, 5 percent allow for that.
   */
  private static void assertTwoThirds(DoubleSupplier tool) {
    Command.eventually(() -> {
      double before = busy.cpuSeconds();
      long start = System.nanoTime();
      double shown = tool.getAsDouble();
      double used = (busy.cpuSeconds() - before) / ((System.nanoTime() - start) / 1e9);
      assertThat(shown).isCloseTo(used * TWO_THIRDS, within(5.0));
      assertThat(shown).isBetween(TWO_THIRDS / 2, TWO_THIRDS + 3);
    });
  }

  @Test
  void top_shows_what_the_container_uses_of_what_it_may() {
    assertTwoThirds(() -> usedByTop(busy));
  }

  @Test
  void top_shows_nothing_of_the_load_outside() {
    // top itself runs in there.
    Command.eventually(() -> assertThat(usedByTop(idle)).isLessThan(10));
  }

  @Test
  void mpstat_shows_it_for_each_cpu() {
    // The CPUs together have a capacity of 1.5, of which each shows its part of the use.
    assertTwoThirds(() -> {
      String text = busy.run("mpstat -P ALL 2 1").ok();
      List<List<Double>> each = Output.all(text, "^Average: +(\\d+) .* ([\\d.]+)$");
      assertThat(each).extracting(List::getFirst).containsExactly(0.0, 1.0);
      double all = 100 - Output.number(text, "^Average: +all .* ([\\d.]+)$");
      assertThat(each.stream().mapToDouble(cpu -> 100 - cpu.getLast()).sum() / 2)
          .isCloseTo(all, within(2.0));
      return all;
    });
  }

  @Test
  void the_host_is_busy_meanwhile() {
    assertThat(Output.number(Command.run("mpstat", "2", "1").ok(), "^Average: +all .* ([\\d.]+)$"))
        .isLessThan(20);
  }

  @Test
  void idle_time_is_the_capacity_that_was_not_used() {
    assertTwoThirds(() -> (1.5 - idlePerSecond(busy)) * TWO_THIRDS);
    Command.eventually(() -> assertThat(idlePerSecond(idle)).isBetween(1.35, 1.55));
  }

  private static double idlePerSecond(Container container) {
    String text =
        container.run("read -r line </proc/uptime; echo $line; sleep 2; cat /proc/uptime").ok();
    List<List<Double>> uptimes = Output.all(text, "^([\\d.]+) ([\\d.]+)$");
    List<Double> before = uptimes.getFirst();
    List<Double> after = uptimes.getLast();
    return (after.getLast() - before.getLast()) / (after.getFirst() - before.getFirst());
  }

  @Test
  void uptime_is_the_age_of_the_container() {
    try (Container container = Container.of(daemon).cpus("1.5").start()) {
      Command.sleep(Duration.ofSeconds(1));
      double age = Output.number(container.read("/proc/uptime"), "^([\\d.]+) ");
      // The same by the host's clock: now, less the start time of the container's first process.
      String stat = Machine.read("/proc/" + container.pid() + "/stat");
      double start =
          Double.parseDouble(stat.substring(stat.lastIndexOf(')')).split(" ", -1)[20]) / 100;
      double now = Output.number(Machine.read("/proc/uptime"), "^([\\d.]+) ");
      assertThat(age).isBetween(1.0, now - start + 0.02);
    }
  }

  @Test
  void load_rises_by_the_arithmetic_of_the_kernel() {
    try (Container container = Container.of(daemon).cpus("1.5").start()) {
      String text =
          container
              .run(
                  """
                  read -r _ </proc/loadavg
                  read -r begun _ </proc/uptime
                  { %s; } &
                  sleep 12
                  read -r one _ </proc/loadavg
                  read -r ended _ </proc/uptime
                  echo $begun $ended $one
                  """
                      .formatted(LOOP))
              .ok();
      List<Double> seen = Output.all(text, "^([\\d.]+) ([\\d.]+) ([\\d.]+)$").getFirst();
      // LOAD_FREQ, and a machine that is busy may sleep for longer than that.
      int samples = (int) ((seen.get(1) - seen.get(0)) / 5);
      assertThat(samples).isGreaterThanOrEqualTo(2);
      // Where a look takes longer than a round gives it, as with an emulated CPU, a sample counts
      // what was found before.
      int late = Machine.deadline(1).toSeconds() > 1 ? 1 : 0;
      assertThat(
              IntStream.rangeClosed(samples - late, samples + 1)
                  .mapToObj(CpuIT::loads)
                  .flatMap(Set::stream))
          .contains(seen.getLast());
      // Two samples may have seen it start or read. Of the host they would have seen each CPU.
      String load = idle.run("read -r one _ </proc/loadavg; echo $one").ok();
      assertThat(Double.parseDouble(load)).isLessThanOrEqualTo(0.15);
    }
  }

  /**
   * What a container's load of one minute can be after some samples: one thread that runs, none of
   * the host's, and in less than all samples, two at most, another one: that which starts or reads.
   */
  private static Set<Double> loads(int samples) {
    return loads(0, samples, Math.min(2, samples - 1))
        .mapToObj(load -> Double.parseDouble(text(load)))
        .collect(Collectors.toSet());
  }

  private static LongStream loads(long load, int samples, int others) {
    if (samples == 0) {
      return LongStream.of(load);
    }
    return IntStream.rangeClosed(0, Math.min(1, others))
        .mapToObj(other -> loads(next(load, 1 + other), samples - 1, others - other))
        .flatMapToLong(Function.identity());
  }

  /** kernel/sched/loadavg.c:calc_load. */
  private static long next(long load, int active) {
    int factor = 1884; // EXP_1
    return (load * factor + active * 2048L * (2048 - factor) + 2047) / 2048;
  }

  private static String text(long load) {
    return String.format(Locale.ROOT, "%.2f", Math.floor((load + 10) * 100 / 2048.0) / 100);
  }

  @Test
  void a_thread_that_waits_for_a_disk_counts_and_only_in_its_container() {
    Requirements.tool("perl");
    try (Container container = Container.of(daemon).cpus("1.5").start()) {
      // clone(2) with CLONE_VFORK and SIGCHLD: who calls it waits uninterruptibly for its child.
      int clone = System.getProperty("os.arch").equals("aarch64") ? 220 : 56;
      String script = "syscall(" + clone + ", 0x4011, 0, 0, 0, 0); sleep 600";
      String _ = container.run("perl -e '" + script + "' & sleep 1").ok();
      // The first read waits for a look at its threads for no more than 40 ms, and this machine may
      // be slower.
      Command.eventually(
          () -> assertThat(container.read("/proc/stat")).contains("\nprocs_blocked 1\n"));
      assertThat(idle.read("/proc/stat")).contains("\nprocs_blocked 0\n");
    }
  }

  @Test
  void tasks_and_the_last_pid_are_in_the_numbering_of_the_container() {
    try (Container container = Container.of(daemon).start()) {
      int youngest = (int) Output.number(container.run("sleep 600 & echo $!").ok(), "^(\\d+)$");
      // The bash and its sleep, which may not have got to sleep yet.
      Command.eventually(() ->
          assertThat(container.run("read -r line </proc/loadavg; echo $line").ok())
              .containsPattern("(?m)^[\\d.]+ [\\d.]+ [\\d.]+ [12]/2 " + youngest + "$"));
      assertThat(youngest).isLessThan(100);
    }
  }

  @Test
  void processes_count_from_the_first_of_the_container() {
    try (Container container = Container.of(daemon).start()) {
      assertThat(Output.number(container.read("/proc/stat"), "^processes (\\d+)$")).isLessThan(100);
    }
  }
}
