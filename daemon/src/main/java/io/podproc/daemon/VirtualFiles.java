// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.cgroup.Pressure;
import io.podproc.daemon.proc.ProcCpuinfo;
import io.podproc.daemon.proc.ProcDiskstats;
import io.podproc.daemon.proc.ProcLoadavg;
import io.podproc.daemon.proc.ProcMeminfo;
import io.podproc.daemon.proc.ProcPressure;
import io.podproc.daemon.proc.ProcSlabinfo;
import io.podproc.daemon.proc.ProcStat;
import io.podproc.daemon.proc.ProcSwaps;
import io.podproc.daemon.proc.ProcUptime;
import io.podproc.daemon.sys.SysCpu;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import java.util.List;

/** The list of what podproc serves. The numbers are inodes: never reused, never changed. */
final class VirtualFiles {
  private VirtualFiles() {}

  /**
   * @param showSwap false: containers have no swap
   */
  static VirtualTree tree(boolean showSwap) {
    return new VirtualTree(
        List.of(
            file(10, new ProcCpuinfo()),
            file(11, new ProcMeminfo(showSwap)),
            file(12, new ProcStat()),
            file(13, new ProcUptime()),
            file(14, new ProcLoadavg()),
            file(15, new ProcSwaps(showSwap)),
            file(16, new ProcDiskstats()),
            VirtualTree.File.rootOnly(17, new ProcSlabinfo(), ProcSlabinfo.EMPTY),
            file(18, new ProcPressure(Pressure.CPU)),
            file(19, new ProcPressure(Pressure.MEMORY)),
            file(20, new ProcPressure(Pressure.IO)),
            file(21, new SysCpu("online")),
            file(22, new SysCpu("present")),
            file(23, new SysCpu("possible"))));
  }

  private static VirtualTree.File file(long inode, VirtualFile file) {
    return VirtualTree.File.of(inode, file);
  }
}
