// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.IoCounters;
import io.podproc.daemon.host.Diskstats;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.util.Map;

/**
 * The disks that the container has used, in the host's order (block/genhd.c:diskstats_show). Merges
 * and times are 0: cgroups account requests and bytes only.
 */
public final class ProcDiskstats implements VirtualFile {
  private static final int SECTOR = 512;

  @Override
  public String path() {
    return "/proc/diskstats";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().diskstats(), view.cgroup().io());
  }

  static String render(Diskstats host, Map<String, IoCounters> cgroup) {
    StringBuilder text = new StringBuilder();
    host.names()
        .forEach((device, name) -> {
          IoCounters io = cgroup.get(device);
          if (io != null && !io.isZero()) {
            append(text, device, name, io);
          }
        });
    return text.toString();
  }

  /**
   * "%4d %7d %s", then requests, merges, sectors and ms of each kind, what is in flight, flushes.
   */
  private static void append(StringBuilder text, String device, String name, IoCounters io) {
    String[] numbers = device.split(":", 2);
    text.repeat(' ', Math.max(0, 4 - numbers[0].length())).append(numbers[0]);
    text.repeat(' ', Math.max(1, 8 - numbers[1].length())).append(numbers[1]);
    text.append(' ').append(name);
    text.append(' ').append(io.reads()).append(" 0 ").append(io.readBytes() / SECTOR).append(" 0");
    text.append(' ').append(io.writes()).append(" 0 ");
    text.append(io.writtenBytes() / SECTOR).append(" 0 0 0 0");
    text.append(' ').append(io.discards()).append(" 0 ");
    text.append(io.discardedBytes() / SECTOR).append(" 0 0 0\n");
  }
}
