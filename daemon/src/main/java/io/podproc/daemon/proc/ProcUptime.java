// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.time.Duration;

/**
 * The age of the container, and the idle time of all its CPUs together as in /proc/stat
 * (fs/proc/uptime.c:uptime_proc_show), in seconds with two decimals.
 */
public final class ProcUptime implements VirtualFile {
  @Override
  public String path() {
    return "/proc/uptime";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.age(), view.cpuTimes());
  }

  static String render(Duration age, CpuTimes times) {
    return seconds(age) + " " + seconds(Duration.ofNanos(times.total().idle())) + "\n";
  }

  private static String seconds(Duration duration) {
    int hundredths = duration.getNano() / 10_000_000;
    return duration.getSeconds() + (hundredths < 10 ? ".0" : ".") + hundredths;
  }
}
