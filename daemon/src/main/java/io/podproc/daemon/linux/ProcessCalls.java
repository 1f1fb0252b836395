// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import io.podproc.daemon.linux.Syscall.Structure;
import java.lang.foreign.Arena;

/** System calls about other processes, and about what this one and its threads may. */
public final class ProcessCalls {
  /** signal(7). */
  public static final int SIGHUP = 1;

  private static final int SCHED_RR = 2;

  private static final int RLIMIT_NOFILE = 7;

  private static final int PRLIMIT64 = Syscall.ARM ? 261 : 302;
  private static final int PIDFD_SEND_SIGNAL = 424;
  private static final int PIDFD_OPEN = 434;
  private static final int PIDFD_GETFD = 438;
  private static final int SETFSUID = Syscall.ARM ? 151 : 122;
  private static final int SETFSGID = Syscall.ARM ? 152 : 123;
  private static final int SCHED_SETSCHEDULER = Syscall.ARM ? 119 : 144;
  private static final int SCHED_SETATTR = Syscall.ARM ? 274 : 314;

  private final Syscall kernel;

  ProcessCalls(Syscall kernel) {
    this.kernel = kernel;
  }

  /**
   * pidfd_open(2): a descriptor of a process, or -errno: {@link Errno#ENOSYS} before Linux 5.3,
   * {@link Errno#ESRCH} if there is none.
   */
  public int pidfd(int pid) {
    return (int) kernel.call(PIDFD_OPEN, pid, 0, 0);
  }

  /**
   * A copy of another process's descriptor, by pidfd_getfd(2), or -errno: {@link Errno#ENOSYS}
   * before Linux 5.6, {@link Errno#EPERM} without CAP_SYS_PTRACE.
   */
  public int copyOf(int pidfd, int descriptor) {
    return (int) kernel.call(PIDFD_GETFD, pidfd, descriptor, 0);
  }

  /** pidfd_send_signal(2): 0 or -errno. */
  public int signal(int pidfd, int signal) {
    return (int) kernel.call(PIDFD_SEND_SIGNAL, pidfd, signal, 0);
  }

  /** How many descriptors this process may have, by prlimit(2). */
  long descriptorLimit() {
    try (Arena arena = Arena.ofConfined()) {
      Structure limits = Structure.of(arena, 16); // struct rlimit64: rlim_cur, rlim_max
      int error = (int) kernel.call(PRLIMIT64, 0, RLIMIT_NOFILE, 0, limits.address(), 0);
      if (error != 0) { // Linux 2.6.36 has it
        throw new IllegalStateException("error " + -error + " of prlimit(2)");
      }
      long limit = limits.fields().getLong(0);
      return limit < 0 ? Long.MAX_VALUE : limit;
    }
  }

  /** The user and the group whom this thread is to files from now on. */
  void becomeOwner(Owner owner) {
    long _ = kernel.call(SETFSGID, owner.group(), 0, 0);
    long _ = kernel.call(SETFSUID, owner.user(), 0, 0);
  }

  /**
   * sched_setscheduler(2) of a thread, and of those that it starts: 0 or -errno.
   *
   * @param tid 0: this thread's
   */
  int scheduleInTurn(int tid, int priority) {
    try (Arena arena = Arena.ofConfined()) {
      Structure parameters = Structure.of(arena, 8); // struct sched_param
      parameters.fields().putInt(priority);
      return (int) kernel.call(SCHED_SETSCHEDULER, tid, SCHED_RR, parameters.address());
    }
  }

  /**
   * sched_setattr(2) of this thread, and of those that it starts, for the ordinary scheduler: 0 or
   * -errno.
   *
   * @param sliceNanos of CPU time at once, which Linux has heeded since 6.12; who wants less at
   *     once gets it sooner
   */
  int scheduleSoon(int nice, long sliceNanos) {
    try (Arena arena = Arena.ofConfined()) {
      // struct sched_attr: size, sched_policy, sched_flags, sched_nice, sched_priority,
      // sched_runtime, sched_deadline, sched_period
      Structure attributes = Structure.of(arena, 48);
      attributes.fields().putInt(0, 48).putInt(16, nice).putLong(24, sliceNanos);
      return (int) kernel.call(SCHED_SETATTR, 0, attributes.address(), 0);
    }
  }
}
