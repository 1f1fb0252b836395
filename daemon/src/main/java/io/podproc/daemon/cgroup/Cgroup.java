// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A container's cgroup. Each method reads the kernel's files afresh; it throws an IOException where
 * the cgroup is gone or the kernel does not account what is asked for. Safe for use by many
 * threads.
 */
public interface Cgroup extends Closeable {
  MemoryFacts memory() throws IOException;

  CpuLimits cpuLimits() throws IOException;

  CpuUsage cpuUsage() throws IOException;

  /** The sum of what {@link #cpuUsage} tells, in nanoseconds, for less. */
  long usedNanos() throws IOException;

  /**
   * What was read and written, by {@code major:minor}; devices that were not used may be absent.
   */
  Map<String, IoCounters> io() throws IOException;

  /** The text of a pressure file. */
  String pressure(Pressure resource) throws IOException;

  /** The text of the cgroup's own slabinfo; cgroup v2 has none. */
  Optional<String> slabinfo() throws IOException;

  /**
   * The host's ids of all threads in the cgroup and in those below it. It takes as long as the
   * container likes: nobody who serves may ask for it.
   *
   * @param isOver asked on the way: whether there is no more time
   * @return empty where it takes longer, or there are more than may be looked at
   */
  Optional<int[]> threads(BooleanSupplier isOver) throws IOException;

  /** Opens its files again when they are read next. */
  void reopen();

  /** Gives back the descriptors. Later reads fail. */
  @Override
  void close();
}
