// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

/**
 * CPU time used, in nanoseconds.
 *
 * @param user in user mode, at the usual priority or a higher one
 * @param nice in user mode, at a lower priority; 0 where the kernel does not tell it apart from
 *     user
 * @param system in kernel mode
 */
public record CpuTime(long user, long nice, long system) {
  public static final CpuTime ZERO = new CpuTime(0, 0, 0);

  public long sum() {
    return user + nice + system;
  }

  public CpuTime plus(CpuTime other) {
    return new CpuTime(user + other.user, nice + other.nice, system + other.system);
  }

  /** What was used since {@code earlier}; a part that went backwards counts as 0. */
  public CpuTime since(CpuTime earlier) {
    return new CpuTime(
        Math.max(0, user - earlier.user),
        Math.max(0, nice - earlier.nice),
        Math.max(0, system - earlier.system));
  }

  /** The larger of each part. */
  public CpuTime max(CpuTime other) {
    return new CpuTime(
        Math.max(user, other.user), Math.max(nice, other.nice), Math.max(system, other.system));
  }

  /** The same mixture of user, nice and system time, but {@code fraction} of it. */
  public CpuTime times(double fraction) {
    return new CpuTime(
        (long) (user * fraction), (long) (nice * fraction), (long) (system * fraction));
  }
}
