// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/** How soon a thread gets a CPU when it wants one. */
public enum Urgency {
  /** Before all that are not of this class (sched(7), SCHED_RR). */
  REAL_TIME,
  /** Sooner than others of its cgroup, for it asks for little at once (Linux 6.12). */
  SOON,
  /** As any other thread. */
  ORDINARY;

  /** The least: so whatever is real-time itself comes first. */
  private static final int PRIORITY = 1;

  private static final int NICEST = -20;

  /** The shortest slice that the kernel takes (kernel/sched/syscalls.c:__setparam_fair). */
  private static final long SLICE_NANOS = 100_000;

  /**
   * Asks for the most that this thread can get, for itself and for those that it starts. Where
   * real-time groups are compiled in (CONFIG_RT_GROUP_SCHED), no pod gets any real time.
   */
  public static Urgency ask() {
    SystemCalls calls = SystemCalls.ofThread();
    if (calls.processes().scheduleInTurn(PRIORITY) == 0) {
      return REAL_TIME;
    }
    return calls.processes().scheduleSoon(NICEST, SLICE_NANOS) == 0 ? SOON : ORDINARY;
  }
}
