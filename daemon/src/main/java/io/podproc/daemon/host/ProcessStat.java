// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * What podproc needs of {@code /proc/[pid]/stat} (fs/proc/array.c:do_task_stat).
 *
 * @param name of the program, as the kernel keeps it: 15 bytes at most
 * @param state the third field: R, S, D, …
 * @param parent the parent's pid; 0 where it is outside of the daemon's pid namespace
 * @param forked whether it has executed no program since it was forked (PF_FORKNOEXEC)
 * @param start when the process began, counted from the host's boot
 */
public record ProcessStat(String name, char state, int parent, boolean forked, Duration start) {
  /** USER_HZ, the same on every architecture that podproc runs on. */
  private static final long NANOS_PER_TICK = 10_000_000;

  /** starttime is field 22, and the state, which follows the comm, is field 3. */
  private static final int START_AFTER_STATE = 22 - 3;

  private static final int FLAGS_AFTER_STATE = 9 - 3;

  /** linux/sched.h. */
  private static final int PF_FORKNOEXEC = 0x40;

  static ProcessStat parse(String text) throws IOException {
    // The comm may hold blanks, parentheses and ends of lines, but nothing after it holds a ')'.
    int comm = text.lastIndexOf(')');
    String[] fields = text.substring(comm + 1).trim().split(" ", -1);
    if (comm < 0 || fields[0].length() != 1 || fields.length <= START_AFTER_STATE) {
      throw new IOException("/proc/[pid]/stat is cut short: \"" + text.trim() + "\"");
    }
    OptionalLong ticks = Numbers.parse(fields[START_AFTER_STATE]);
    if (ticks.isEmpty()) {
      throw new IOException("/proc/[pid]/stat has no start time: \"" + text.trim() + "\"");
    }
    return new ProcessStat(
        text.substring(text.indexOf('(') + 1, comm),
        fields[0].charAt(0),
        (int) Numbers.parse(fields[1]).orElse(0),
        (Numbers.parse(fields[FLAGS_AFTER_STATE]).orElse(0) & PF_FORKNOEXEC) != 0,
        Duration.ofNanos(Numbers.times(ticks.getAsLong(), NANOS_PER_TICK)));
  }
}
