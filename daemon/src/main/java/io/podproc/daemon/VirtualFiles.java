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
import io.podproc.daemon.proc.ProcVmstat;
import io.podproc.daemon.sys.SysCpu;
import io.podproc.daemon.sys.SysCpuOffline;
import io.podproc.daemon.sys.SysNode;
import io.podproc.daemon.sys.SysNodeMeminfo;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import java.util.List;

/** The list of what podproc serves. The numbers are inodes: never reused, never changed. */
public final class VirtualFiles {
  private VirtualFiles() {}

  /**
   * All of them, with their inode numbers.
   *
   * @param showSwap false: containers have no swap
   */
  public static VirtualTree tree(boolean showSwap) {
    VirtualFile meminfo = new ProcMeminfo(showSwap);
    return new VirtualTree(
        List.of(
            file(10, new ProcCpuinfo()),
            file(11, meminfo),
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
            // Allocators index by sched_getcpu(2), which tells the node's numbers.
            VirtualTree.File.onRequest(22, new SysCpu("present")),
            VirtualTree.File.onRequest(23, new SysCpu("possible")),
            file(24, new SysCpuOffline()),
            file(25, SysNode.list("online")),
            file(26, SysNode.list("possible")),
            file(27, SysNode.list("has_cpu")),
            file(28, SysNode.list("has_memory")),
            file(29, SysNode.cpulist()),
            file(30, SysNode.cpumap()),
            file(31, new SysNodeMeminfo(meminfo)),
            file(32, SysNode.distance()),
            file(33, new ProcVmstat(meminfo))));
  }

  private static VirtualTree.File file(long inode, VirtualFile file) {
    return VirtualTree.File.of(inode, file);
  }
}
