// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.CpuLimits;
import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.IoCounters;
import io.podproc.daemon.cgroup.Limit;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.cgroup.Paging;
import io.podproc.daemon.cgroup.Pressure;
import io.podproc.daemon.kernel.CpuList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A cgroup of process 300 that uses CPU time between any two looks, and is slow to tell. */
class BusyCgroup implements Cgroup {
  static final long EACH_LOOK = 1_000_000;

  private final AtomicLong looks = new AtomicLong();

  @Override
  public CpuUsage cpuUsage() {
    long used = looks.incrementAndGet() * EACH_LOOK;
    LockSupport.parkNanos(1000);
    return new CpuUsage(new CpuTime(used, 0, 0), List.of());
  }

  @Override
  public CpuLimits cpuLimits() {
    return new CpuLimits(OptionalDouble.empty(), CpuList.parse("0-1"));
  }

  @Override
  public OptionalDouble requestedCpus() {
    return OptionalDouble.empty();
  }

  @Override
  public String memoryUsageFile() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Limit> limits() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<int[]> threads(BooleanSupplier isOver) {
    return Optional.of(new int[] {300});
  }

  @Override
  public MemoryFacts memory() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Map<String, IoCounters> io() {
    throw new UnsupportedOperationException();
  }

  @Override
  public String pressure(Pressure resource) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<String> slabinfo() {
    return Optional.empty();
  }

  @Override
  public long usedNanos() {
    return looks.incrementAndGet() * EACH_LOOK;
  }

  @Override
  public Paging paging() {
    return new Paging(Map.of(), Map.of());
  }

  @Override
  public OptionalLong tasks() {
    return OptionalLong.empty();
  }

  @Override
  public void reopen() {}

  @Override
  public void close() {}
}
