// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * A container's cgroup. Each method reads the kernel's files afresh; it throws an IOException where
 * the cgroup is gone or the kernel does not account what is asked for. Safe for use by many
 * threads.
 */
public interface Cgroup extends Closeable {
  MemoryFacts memory() throws IOException;

  CpuLimits cpuLimits() throws IOException;

  /** Where the usage that {@link #memory} tells is read, for people. */
  String memoryUsageFile() throws IOException;

  /**
   * How many CPUs it requests, by its weight beside others: more than 0; empty where the kernel
   * does not tell.
   */
  OptionalDouble requestedCpus() throws IOException;

  /**
   * What each level says that {@link #cpuLimits} and {@link #memory} are made of, from the inside
   * out; the root limits nothing. For people: it reads more than they do.
   */
  List<Limit> limits() throws IOException;

  CpuUsage cpuUsage() throws IOException;

  /** The sum of what {@link #cpuUsage} tells, in nanoseconds, for less. */
  long usedNanos() throws IOException;

  /**
   * What was read and written, by {@code major:minor}; devices that were not used may be absent.
   */
  Map<String, IoCounters> io() throws IOException;

  Paging paging() throws IOException;

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

  /**
   * How many threads are in the cgroup and in those below it now, those included that have ended
   * and that nobody has waited for; empty where the kernel does not count them.
   */
  OptionalLong tasks() throws IOException;

  /** Opens its files again when they are read next. */
  void reopen();

  /** Gives back the descriptors. Later reads fail. */
  @Override
  void close();
}
