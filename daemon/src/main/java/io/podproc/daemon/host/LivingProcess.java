// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** A process for as long as it lives: never another one that is given the same pid. */
public final class LivingProcess implements Closeable {
  private final int pid;
  private final Duration start;
  private final KernelFile stat;

  /**
   * A process that is alive now.
   *
   * @param stat its {@code /proc/[pid]/stat}. While its descriptor is kept, the kernel reads it for
   *     this process or not at all (fs/proc/inode.c, get_proc_task)
   * @throws IOException it has ended
   */
  LivingProcess(int pid, KernelFile stat) throws IOException {
    this.pid = pid;
    this.stat = stat;
    this.start = ProcessStat.parse(stat.read()).start();
  }

  public int pid() {
    return pid;
  }

  /** When it began, counted from the host's boot. */
  public Duration start() {
    return start;
  }

  /** Once it is not alive, it is not to be asked again. */
  public boolean isAlive() {
    try {
      return ProcessStat.parse(stat.read()).start().equals(start);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    stat.close();
  }
}
