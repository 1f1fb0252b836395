// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import io.podproc.daemon.cgroup.CpuTime;
import java.util.List;

/**
 * What CPUs did for a container since it began. Nothing in it ever goes backwards from one reading
 * to the next.
 *
 * @param total of all CPUs, those included that were visible once and no longer are
 * @param visible of each visible CPU
 * @param numbers what each of these is called
 */
public record CpuTimes(Cpu total, List<Cpu> visible, List<Integer> numbers) {
  /**
   * The times of one CPU, or of all.
   *
   * @param used CPU time used
   * @param idle CPU time that could have been used and was not, in nanoseconds
   */
  public record Cpu(CpuTime used, long idle) {}
}
