// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.cgroup.Limit.Resource;
import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.kernel.FlatKeyed;
import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Documentation/admin-guide/cgroup-v1/. Each controller may have a path of its own, and what is not
 * in a hierarchy of version 1 is asked of version 2.
 */
final class CgroupV1 implements Cgroup {
  /** Lines of /proc/meminfo and the keys of memory.stat whose sum they are. */
  private static final MemoryStat MEMORY_STAT =
      new MemoryStat(
          Map.ofEntries(
              Map.entry("Cached", List.of("total_cache")),
              Map.entry("SwapCached", List.of("total_swapcached")),
              Map.entry("Active", List.of("total_active_anon", "total_active_file")),
              Map.entry("Inactive", List.of("total_inactive_anon", "total_inactive_file")),
              Map.entry("Active(anon)", List.of("total_active_anon")),
              Map.entry("Inactive(anon)", List.of("total_inactive_anon")),
              Map.entry("Active(file)", List.of("total_active_file")),
              Map.entry("Inactive(file)", List.of("total_inactive_file")),
              Map.entry("Unevictable", List.of("total_unevictable")),
              Map.entry("Dirty", List.of("total_dirty")),
              Map.entry("Writeback", List.of("total_writeback")),
              Map.entry("AnonPages", List.of("total_rss")),
              Map.entry("Mapped", List.of("total_mapped_file")),
              Map.entry("Shmem", List.of("total_shmem")),
              Map.entry("AnonHugePages", List.of("total_rss_huge"))),
          "hierarchical_memory_limit",
          "hierarchical_memsw_limit",
          "total_swap");

  /** Of the cgroup and all below. */
  private static final String TOTAL = "total_";

  /** Those keys of memory.stat that are called so in /proc/vmstat, too. */
  private static final Pattern EVENT =
      Pattern.compile(TOTAL + "(pgfault|pgmajfault|workingset_.*)");

  /** MilliCPUToShares in pkg/kubelet/cm. */
  private static final double SHARES_OF_CPU = 1024;

  private static final FlatKeyed.Keys CPU_STAT = FlatKeyed.Keys.of("user", "system");

  private final Map<String, String> paths;
  private final Directory memory;
  private final Directory cpu;
  private final Directory cpuacct;
  private final Directory cpuset;
  private final Directory blkio;
  private final Directory pids;
  private final CgroupV2 unified;

  /**
   * @param paths by controller, of those that are of this version
   * @param directory of a controller
   */
  CgroupV1(Map<String, String> paths, Function<String, Directory> directory, CgroupV2 unified) {
    this.paths = paths;
    this.memory = directory.apply("memory");
    this.cpu = directory.apply("cpu");
    this.cpuacct = directory.apply("cpuacct");
    this.cpuset = directory.apply("cpuset");
    this.blkio = directory.apply("blkio");
    this.pids = directory.apply("pids");
    this.unified = unified;
  }

  private boolean has(String controller) {
    return paths.containsKey(controller);
  }

  @Override
  public MemoryFacts memory() throws IOException {
    if (!has("memory")) {
      return unified.memory();
    }
    FlatKeyed stat = memory.read("memory.stat", MEMORY_STAT.keys());
    // The kernel has taken the least over the ancestors already (mm/memcontrol-v1.c).
    OptionalLong limit = stat.get("hierarchical_memory_limit");
    return new MemoryFacts(
        limit.isPresent() ? limit : memory.least("memory.limit_in_bytes"),
        Numbers.parse(memory.read("memory.usage_in_bytes")).orElse(0),
        // Memory and swap have one limit together: all of it may be in swap.
        stat.get("hierarchical_memsw_limit"),
        stat.getOrZero("total_swap"),
        stat.getOrZero("total_active_file"),
        stat.getOrZero("total_inactive_file"),
        0,
        MEMORY_STAT.meminfo(stat));
  }

  @Override
  public String memoryUsageFile() throws IOException {
    return has("memory") ? memory + "/memory.usage_in_bytes" : unified.memoryUsageFile();
  }

  @Override
  public CpuLimits cpuLimits() throws IOException {
    if (!has("cpu")) {
      return unified.cpuLimits();
    }
    OptionalDouble quota = OptionalDouble.empty();
    for (Level at : cpu.binding()) {
      // -1, no quota, is no number.
      OptionalLong micros = Numbers.parse(at.limit("cpu.cfs_quota_us").orElse(""));
      if (micros.isPresent()) {
        long period = Numbers.parse(at.limit("cpu.cfs_period_us").orElse("")).orElse(0);
        double cpus = (double) micros.getAsLong() / period;
        if (period > 0 && cpus < quota.orElse(Double.MAX_VALUE)) {
          quota = OptionalDouble.of(cpus);
        }
      }
    }
    return new CpuLimits(quota, cpuset());
  }

  @Override
  public OptionalDouble requestedCpus() throws IOException {
    if (!has("cpu")) {
      return unified.requestedCpus();
    }
    long shares = Numbers.parse(cpu.readIfPresent("cpu.shares").orElse("")).orElse(0);
    return shares > 0 ? OptionalDouble.of(shares / SHARES_OF_CPU) : OptionalDouble.empty();
  }

  @Override
  public List<Limit> limits() throws IOException {
    List<Limit> limits = new ArrayList<>();
    if (has("cpu")) {
      for (Level at : cpu.binding()) {
        quota(at).ifPresent(limits::add);
      }
      if (has("cpuset")) {
        limits.addAll(cpuset.limits(Resource.CPUSET, "cpuset.effective_cpus", Limit::cpus));
      }
    } else {
      limits.addAll(unified.cpu());
    }
    if (has("memory")) {
      limits.addAll(memory.limits(Resource.MEMORY, "memory.limit_in_bytes", Limit::bytes));
      limits.addAll(memory.limits(Resource.SWAP, "memory.memsw.limit_in_bytes", Limit::bytes));
    } else {
      limits.addAll(unified.memoryAndSwap());
    }
    return limits;
  }

  private static Optional<Limit> quota(Level at) throws IOException {
    Optional<String> quota = at.readIfPresent("cpu.cfs_quota_us").map(String::strip);
    Optional<String> period = at.readIfPresent("cpu.cfs_period_us").map(String::strip);
    if (quota.isEmpty() || period.isEmpty()) {
      return Optional.empty();
    }
    OptionalLong micros = Numbers.parse(quota.get());
    long of = Numbers.parse(period.get()).orElse(0);
    return Optional.of(
        new Limit(
            Resource.CPU,
            at.toString(),
            "cpu.cfs_quota_us cpu.cfs_period_us",
            quota.get() + " " + period.get(),
            micros.isPresent() && of > 0
                ? OptionalDouble.of((double) micros.getAsLong() / of)
                : OptionalDouble.empty()));
  }

  private CpuList cpuset() throws IOException {
    if (!has("cpuset")) {
      return CpuList.parse("");
    }
    for (Level at : cpuset.binding()) {
      Optional<String> cpus = at.limit("cpuset.effective_cpus");
      if (cpus.isEmpty()) {
        cpus = at.limit("cpuset.cpus"); // before Linux 3.17
      }
      CpuList list = CpuList.parse(cpus.orElse(""));
      if (!list.isEmpty()) {
        return list;
      }
    }
    return CpuList.parse("");
  }

  @Override
  public CpuUsage cpuUsage() throws IOException {
    if (!has("cpuacct")) {
      return unified.cpuUsage();
    }
    List<Long> perCpu = cpuacct.read("cpuacct.usage_percpu", Numbers::words);
    long nanos = 0;
    for (long cpuNanos : perCpu) {
      nanos += cpuNanos;
    }
    // What was used is measured, but user and system time in usage_all are sampled by the tick and
    // do not add up to it. Those in stat do, after cputime_adjust (kernel/sched/cputime.c).
    FlatKeyed stat = cpuacct.read("cpuacct.stat", CPU_STAT);
    double user = stat.getOrZero("user");
    double share = user / Math.max(1, user + stat.getOrZero("system"));
    long userNanos = (long) (nanos * share);
    return new CpuUsage(new CpuTime(userNanos, 0, nanos - userNanos), perCpu);
  }

  @Override
  public long usedNanos() throws IOException {
    return has("cpuacct")
        ? Numbers.parse(cpuacct.read("cpuacct.usage")).orElse(0)
        : unified.usedNanos();
  }

  @Override
  public Map<String, IoCounters> io() throws IOException {
    return has("blkio")
        ? BlkioStat.devices(blkio.read(BlkioStat.SERVICED), blkio.read(BlkioStat.SERVICE_BYTES))
        : unified.io();
  }

  @Override
  public Paging paging() throws IOException {
    if (!has("memory")) {
      return unified.paging();
    }
    Map<String, Long> events = new HashMap<>();
    FlatKeyed.all(memory.read("memory.stat"))
        .forEach((key, value) -> {
          // total_pgpgin and total_pgpgout are something else: what was charged.
          if (EVENT.matcher(key).matches()) {
            events.put(key.substring(TOTAL.length()), value);
          }
        });
    Map<String, Long> ends = FlatKeyed.all(memory.readIfPresent("memory.oom_control").orElse(""));
    events.put("oom_kill", ends.getOrDefault("oom_kill", 0L));
    return new Paging(
        events,
        has("blkio")
            ? BlkioStat.devices(
                blkio.readIfPresent(BlkioStat.SERVICED).orElse(""),
                blkio.readIfPresent(BlkioStat.SERVICE_BYTES).orElse(""))
            : Map.of());
  }

  @Override
  public String pressure(Pressure resource) throws IOException {
    return unified.pressure(resource);
  }

  @Override
  public Optional<String> slabinfo() throws IOException {
    // There since Linux 3.8; since 5.9 it is there and empty.
    return has("memory")
        ? memory.readPiecesIfPresent("memory.kmem.slabinfo").filter(text -> !text.isBlank())
        : Optional.empty();
  }

  @Override
  public Optional<int[]> threads(BooleanSupplier isOver) throws IOException {
    return has("memory") ? memory.collect("tasks", isOver) : unified.threads(isOver);
  }

  @Override
  public OptionalLong tasks() throws IOException {
    return has("pids")
        ? Numbers.parse(pids.readIfPresent("pids.current").orElse(""))
        : OptionalLong.empty();
  }

  @Override
  public void reopen() {
    directories().forEach(Directory::reopen);
    unified.reopen();
  }

  @Override
  public void close() {
    directories().forEach(Directory::close);
    unified.close();
  }

  private List<Directory> directories() {
    return List.of(memory, cpu, cpuacct, cpuset, blkio, pids);
  }
}
