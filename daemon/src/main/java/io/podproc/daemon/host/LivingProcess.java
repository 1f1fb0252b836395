// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.linux.ExhaustedException;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** A process for as long as it lives: never another one that is given the same pid. */
public final class LivingProcess implements Closeable {
  private final int pid;
  private final Duration start;
  private final KernelFile comm;

  /**
   * A process that is alive now.
   *
   * @param start when it began, as was read after {@code comm} had been opened
   * @param comm its {@code /proc/[pid]/comm}, the cheapest file of a process. While its descriptor
   *     is kept, the kernel reads it for this process or not at all (fs/proc/inode.c,
   *     get_proc_task)
   */
  LivingProcess(int pid, Duration start, KernelFile comm) {
    this.pid = pid;
    this.start = start;
    this.comm = comm;
  }

  public int pid() {
    return pid;
  }

  /** When it began, counted from the host's boot. */
  public Duration start() {
    return start;
  }

  /** Once it is not, it never is again, whoever is given its pid. */
  public boolean isAlive() {
    try {
      if (!comm.read().isEmpty()) {
        return true;
      }
    } catch (ExhaustedException e) {
      return true; // or not: it is podproc that can't tell
    } catch (IOException e) {
      // It has ended.
    }
    comm.close(); // else it would be opened again
    return false;
  }

  @Override
  public void close() {
    comm.close();
  }
}
