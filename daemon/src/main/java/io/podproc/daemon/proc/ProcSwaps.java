// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/** The swap that the container may use, as one device without a name (mm/swapfile.c:swap_show). */
public final class ProcSwaps implements VirtualFile {
  private static final String HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

  private final boolean showSwap;

  /**
   * @param showSwap false: the container has no swap
   */
  public ProcSwaps(boolean showSwap) {
    this.showSwap = showSwap;
  }

  @Override
  public String path() {
    return "/proc/swaps";
  }

  @Override
  public String read(View view) throws IOException {
    Meminfo host = view.host().meminfo();
    // Most nodes of Kubernetes have none.
    return Swap.has(host) ? render(host, view.memory(), showSwap) : HEADER;
  }

  static String render(Meminfo host, MemoryFacts cgroup, boolean showSwap) {
    Swap swap = Swap.of(host, cgroup, showSwap);
    if (swap.total() == 0) {
      return HEADER;
    }
    // The name takes 40 columns, as the kernel's does.
    return HEADER
        + "none"
        + " ".repeat(36)
        + "virtual\t\t"
        + swap.total() / 1024
        + "\t"
        + swap.used() / 1024
        + "\t0\n";
  }
}
