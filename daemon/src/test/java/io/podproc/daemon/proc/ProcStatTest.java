// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.host.HostStat;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class ProcStatTest {
  private static final long TICK = 10_000_000;

  private static CpuTimes.Cpu cpu(long user, long nice, long system, long idle) {
    return new CpuTimes.Cpu(new CpuTime(user, nice, system), idle);
  }

  private static Load load(int running, int blocked, int lastPid) {
    return new Load(List.of(0L, 0L, 0L), running, blocked, 9, lastPid, lastPid + 5);
  }

  private static HostStat host(String... lines) {
    return HostStat.parse(String.join("\n", lines));
  }

  private static final NodeCounts COUNTS = new NodeCounts(3, 4, List.of(5L, 2L));

  @Test
  void timesAreInTicksOfAHundredthOfASecond() {
    CpuTimes times =
        new CpuTimes(
            cpu(3 * TICK, 2 * TICK, TICK, 5 * TICK),
            List.of(cpu(TICK + TICK / 2, 0, TICK - 1, TICK), cpu(0, 0, 0, 4 * TICK)),
            List.of(0, 5));
    assertThat(ProcStat.render(host(), COUNTS, times, load(0, 0, 0)))
        .isEqualTo(
            "cpu  3 2 1 5 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\ncpu5 0 0 0 4 0 0 0 0 0 0\n");
  }

  @Test
  void processesAreTheContainersAndCountsSinceItFirstLooked() {
    String text =
        ProcStat.render(
            host(
                "intr 5 1",
                "ctxt 6",
                "btime 7",
                "processes 800",
                "procs_running 9",
                "procs_blocked 10",
                "softirq 1 2",
                "novel 3"),
            COUNTS,
            new CpuTimes(cpu(0, 0, 0, 0), List.of(), List.of()),
            load(2, 1, 42));
    assertThat(text)
        .endsWith(
            "intr 3 0\nctxt 4\nbtime 7\nprocesses 42\nprocs_running 2\nprocs_blocked 1\nsoftirq 5 2\nnovel 3\n");
  }

  @Test
  void whoeverReadsRuns() {
    assertThat(
            ProcStat.render(
                host("procs_running 9"),
                COUNTS,
                new CpuTimes(cpu(0, 0, 0, 0), List.of(), List.of()),
                load(0, 0, 1)))
        .endsWith("procs_running 1\n");
  }

  @Property
  void statAndUptimeTellTheSameIdleTime(@ForAll @LongRange(min = 0, max = 1L << 60) long idle) {
    CpuTimes times = new CpuTimes(cpu(0, 0, 0, idle), List.of(), List.of());
    String ticks = ProcStat.render(host(), COUNTS, times, load(0, 0, 0)).split(" ", -1)[5];
    String seconds = ProcUptime.render(Duration.ZERO, times).split(" ", -1)[1].trim();
    assertThat(seconds.replace(".", "").replaceFirst("^0+(?=.)", "")).isEqualTo(ticks);
  }
}
