// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.host.HostStat;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * CPU times and processes (fs/proc/stat.c:show_stat). Interrupts and context switches are the
 * host's, as nobody accounts them to cgroups, since the container first looked, and so is btime the
 * host's: tools add to it the start times of processes, which count from the host's boot.
 */
public final class ProcStat implements VirtualFile {
  private static final long NANOS_PER_TICK = 10_000_000; // USER_HZ

  @Override
  public String path() {
    return "/proc/stat";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().stat(), view.nodeCounts(), view.cpuTimes(), view.load());
  }

  static String render(HostStat host, NodeCounts counts, CpuTimes times, Load load) {
    StringBuilder text = new StringBuilder(2048);
    append(text, "cpu ", times.total());
    for (int i = 0; i < times.visible().size(); i++) {
      append(text, "cpu" + times.numbers().get(i), times.visible().get(i));
    }
    for (HostStat.Line line : host.lines()) {
      switch (line.key()) {
        // Each interrupt has a column. Their devices are the node's.
        case "intr" ->
            text.append("intr ")
                .append(counts.interrupts())
                .repeat(" 0", Math.max(0, line.numbers() - 1));
        case "ctxt" -> text.append("ctxt ").append(counts.contextSwitches());
        case "softirq" -> {
          text.append("softirq");
          counts.softInterrupts().forEach(count -> text.append(' ').append(count));
        }
        // A pid namespace numbers its forks, so the largest number is how many there were.
        case "processes" -> text.append("processes ").append(load.forks());
        // Whoever reads this runs.
        case "procs_running" -> text.append("procs_running ").append(Math.max(1, load.running()));
        case "procs_blocked" -> text.append("procs_blocked ").append(load.blocked());
        default -> text.append(line.text());
      }
      text.append('\n');
    }
    return text.toString();
  }

  /** user nice system idle iowait irq softirq steal guest guest_nice. */
  private static void append(StringBuilder text, String name, CpuTimes.Cpu cpu) {
    text.append(name)
        .append(' ')
        .append(cpu.used().user() / NANOS_PER_TICK)
        .append(' ')
        .append(cpu.used().nice() / NANOS_PER_TICK)
        .append(' ')
        .append(cpu.used().system() / NANOS_PER_TICK)
        .append(' ')
        .append(cpu.idle() / NANOS_PER_TICK)
        .append(" 0 0 0 0 0 0\n");
  }
}
