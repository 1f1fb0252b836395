// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.cgroup.Limit.Resource;
import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.kernel.FlatKeyed;
import io.podproc.daemon.kernel.NestedKeyed;
import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** Documentation/admin-guide/cgroup-v2.rst. */
final class CgroupV2 implements Cgroup {
  private static final long NANOS_PER_MICRO = 1000;

  /** Lines of /proc/meminfo and the keys of memory.stat whose sum they are. */
  private static final MemoryStat MEMORY_STAT =
      new MemoryStat(
          Map.ofEntries(
              Map.entry("Cached", List.of("file")),
              Map.entry("SwapCached", List.of("swapcached")),
              Map.entry("Active", List.of("active_anon", "active_file")),
              Map.entry("Inactive", List.of("inactive_anon", "inactive_file")),
              Map.entry("Active(anon)", List.of("active_anon")),
              Map.entry("Inactive(anon)", List.of("inactive_anon")),
              Map.entry("Active(file)", List.of("active_file")),
              Map.entry("Inactive(file)", List.of("inactive_file")),
              Map.entry("Unevictable", List.of("unevictable")),
              Map.entry("Zswap", List.of("zswap")),
              Map.entry("Zswapped", List.of("zswapped")),
              Map.entry("Dirty", List.of("file_dirty")),
              Map.entry("Writeback", List.of("file_writeback")),
              Map.entry("AnonPages", List.of("anon")),
              Map.entry("Mapped", List.of("file_mapped")),
              Map.entry("Shmem", List.of("shmem")),
              Map.entry("KReclaimable", List.of("slab_reclaimable")),
              Map.entry("Slab", List.of("slab_reclaimable", "slab_unreclaimable")),
              Map.entry("SReclaimable", List.of("slab_reclaimable")),
              Map.entry("SUnreclaim", List.of("slab_unreclaimable")),
              Map.entry("KernelStack", List.of("kernel_stack")),
              Map.entry("PageTables", List.of("pagetables")),
              Map.entry("SecPageTables", List.of("sec_pagetables")),
              Map.entry("VmallocUsed", List.of("vmalloc")),
              Map.entry("Percpu", List.of("percpu")),
              Map.entry("AnonHugePages", List.of("anon_thp")),
              Map.entry("ShmemHugePages", List.of("shmem_thp")),
              Map.entry("FileHugePages", List.of("file_thp"))));

  private static final FlatKeyed.Keys CPU_STAT =
      FlatKeyed.Keys.of("usage_usec", "user_usec", "nice_usec", "system_usec");

  private static final FlatKeyed.Keys CGROUP_STAT = FlatKeyed.Keys.of("nr_descendants");

  private final Directory directory;
  private final boolean countHigh;
  private final RequestedCpus requested;

  CgroupV2(Directory directory, boolean countHigh, LongSupplier nanoTime) {
    this.directory = directory;
    this.countHigh = countHigh;
    this.requested = new RequestedCpus(directory, nanoTime);
  }

  @Override
  public MemoryFacts memory() throws IOException {
    FlatKeyed stat = MEMORY_STAT.keys().parse(nearest("memory.stat"));
    OptionalLong limit = directory.least("memory.max");
    if (countHigh) {
      OptionalLong high = directory.least("memory.high");
      if (high.orElse(Long.MAX_VALUE) < limit.orElse(Long.MAX_VALUE)) {
        limit = high;
      }
    }
    return new MemoryFacts(
        limit,
        Numbers.parse(nearest("memory.current")).orElse(0),
        directory.least("memory.swap.max"),
        // Absent in a kernel that was built or booted without swap accounting.
        Numbers.parse(directory.findNearest("memory.swap.current").orElse("")).orElse(0),
        stat.getOrZero("active_file"),
        stat.getOrZero("inactive_file"),
        stat.getOrZero("slab_reclaimable"),
        MEMORY_STAT.meminfo(stat));
  }

  @Override
  public String memoryUsageFile() throws IOException {
    return directory.whereNearest("memory.current").orElse(directory + "/memory.current");
  }

  private String nearest(String name) throws IOException {
    return directory
        .findNearest(name)
        .orElseThrow(() -> new NoSuchFileException(directory + "/" + name));
  }

  @Override
  public CpuLimits cpuLimits() throws IOException {
    OptionalDouble quota = OptionalDouble.empty();
    for (Level at : directory.binding()) {
      OptionalDouble cpus = quota(at.limit("cpu.max").orElse("max"));
      if (cpus.orElse(Double.MAX_VALUE) < quota.orElse(Double.MAX_VALUE)) {
        quota = cpus;
      }
    }
    return new CpuLimits(quota, cpuset());
  }

  @Override
  public OptionalDouble requestedCpus() throws IOException {
    return requested.read();
  }

  /** In CPUs, of {@code MICROSECONDS PERIOD}; empty for {@code max}. */
  private static OptionalDouble quota(String text) {
    int blank = Math.max(0, text.indexOf(' '));
    OptionalLong micros = Numbers.parse(text, 0, blank);
    OptionalLong period = Numbers.parse(text, blank, text.length());
    return micros.isPresent() && period.orElse(0) > 0
        ? OptionalDouble.of((double) micros.getAsLong() / period.getAsLong())
        : OptionalDouble.empty();
  }

  @Override
  public List<Limit> limits() throws IOException {
    List<Limit> limits = new ArrayList<>(cpu());
    limits.addAll(memoryAndSwap());
    return limits;
  }

  /** Of CPUs alone, as a hybrid may have the others in version 1. */
  List<Limit> cpu() throws IOException {
    List<Limit> limits =
        new ArrayList<>(directory.limits(Resource.CPU, "cpu.max", CgroupV2::quota));
    limits.addAll(directory.limits(Resource.CPUSET, "cpuset.cpus.effective", Limit::cpus));
    return limits;
  }

  List<Limit> memoryAndSwap() throws IOException {
    List<Limit> limits =
        new ArrayList<>(directory.limits(Resource.MEMORY, "memory.max", Limit::bytes));
    if (countHigh) {
      limits.addAll(directory.limits(Resource.MEMORY, "memory.high", Limit::bytes));
    }
    limits.addAll(directory.limits(Resource.SWAP, "memory.swap.max", Limit::bytes));
    return limits;
  }

  private CpuList cpuset() throws IOException {
    for (Level at : directory.binding()) {
      CpuList cpus = CpuList.parse(at.limit("cpuset.cpus.effective").orElse(""));
      if (!cpus.isEmpty()) {
        return cpus;
      }
    }
    return CpuList.parse("");
  }

  @Override
  public CpuUsage cpuUsage() throws IOException {
    FlatKeyed stat = directory.read("cpu.stat", CPU_STAT);
    // nice_usec, where there is one, is a part of user_usec
    // (kernel/cgroup/rstat.c:__cgroup_account_cputime_field).
    long user = stat.getOrZero("user_usec");
    long nice = Math.min(stat.getOrZero("nice_usec"), user);
    return new CpuUsage(
        new CpuTime(
            Numbers.times(user - nice, NANOS_PER_MICRO),
            Numbers.times(nice, NANOS_PER_MICRO),
            Numbers.times(stat.getOrZero("system_usec"), NANOS_PER_MICRO)),
        List.of());
  }

  @Override
  public long usedNanos() throws IOException {
    return Numbers.times(
        directory.read("cpu.stat", CPU_STAT).getOrZero("usage_usec"), NANOS_PER_MICRO);
  }

  @Override
  public Map<String, IoCounters> io() throws IOException {
    return devices(directory.read("io.stat"));
  }

  private static Map<String, IoCounters> devices(String ioStat) {
    Map<String, IoCounters> devices = new HashMap<>();
    NestedKeyed.parse(ioStat)
        .forEach((device, counters) ->
            devices.put(
                device,
                new IoCounters(
                    counters.getOrDefault("rios", 0L),
                    counters.getOrDefault("rbytes", 0L),
                    counters.getOrDefault("wios", 0L),
                    counters.getOrDefault("wbytes", 0L),
                    counters.getOrDefault("dios", 0L),
                    counters.getOrDefault("dbytes", 0L))));
    return devices;
  }

  @Override
  public Paging paging() throws IOException {
    // Events have the names of /proc/vmstat (mm/memcontrol.c:memcg_vm_event_stat).
    Map<String, Long> events = FlatKeyed.all(nearest("memory.stat"));
    // Before Linux 5.19 they are not told apart; what a limit has reclaimed is direct.
    for (String kind : List.of("pgscan", "pgsteal")) {
      if (events.containsKey(kind)) {
        events.putIfAbsent(kind + "_direct", events.get(kind));
      }
    }
    Map<String, Long> ends = FlatKeyed.all(directory.findNearest("memory.events").orElse(""));
    events.put("oom_kill", ends.getOrDefault("oom_kill", 0L));
    return new Paging(events, devices(directory.readIfPresent("io.stat").orElse("")));
  }

  @Override
  public String pressure(Pressure resource) throws IOException {
    return directory.read(resource.kernelName() + ".pressure");
  }

  @Override
  public Optional<String> slabinfo() {
    return Optional.empty();
  }

  @Override
  public Optional<int[]> threads(BooleanSupplier isOver) throws IOException {
    // There since Linux 4.14.
    long descendants =
        CGROUP_STAT
            .parse(directory.readIfPresent("cgroup.stat").orElse(""))
            .getOrZero("nr_descendants");
    return descendants > TaskWalk.MAX_DIRECTORIES
        ? Optional.empty()
        : directory.collect("cgroup.threads", isOver);
  }

  @Override
  public OptionalLong tasks() throws IOException {
    return Numbers.parse(directory.readIfPresent("pids.current").orElse(""));
  }

  @Override
  public void reopen() {
    directory.reopen();
  }

  @Override
  public void close() {
    directory.close();
  }
}
