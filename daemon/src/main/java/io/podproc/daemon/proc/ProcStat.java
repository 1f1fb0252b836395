// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.host.HostStat;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * CPU times and processes (fs/proc/stat.c:show_stat). Interrupts and context switches stay the
 * host's, as nobody accounts them to cgroups, and so does btime: tools add to it the start times of
 * processes, which count from the host's boot.
 */
public final class ProcStat implements VirtualFile {
  private static final long NANOS_PER_TICK = 10_000_000; // USER_HZ

  @Override
  public String path() {
    return "/proc/stat";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().stat(), view.cpuTimes(), view.load());
  }

  static String render(HostStat host, CpuTimes times, Load load) {
    StringBuilder text = new StringBuilder(2048);
    append(text, "cpu ", times.total());
    for (int i = 0; i < times.visible().size(); i++) {
      append(text, "cpu" + i, times.visible().get(i));
    }
    for (HostStat.Line line : host.lines()) {
      switch (line.key()) {
        // A pid namespace numbers its forks, so the largest number is how many there were.
        case "processes" -> text.append("processes ").append(load.lastPid());
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
