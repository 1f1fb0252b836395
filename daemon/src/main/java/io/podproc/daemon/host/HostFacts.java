// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.linux.PageSize;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** The host's /proc and /sys, one accessor a kernel file. Safe for use by many threads. */
public final class HostFacts {
  private final Path procRoot;
  private final Path sysRoot;
  private final long maxAgeNanos;
  private final LongSupplier nanoTime;
  private final LongSupplier bootNanos;

  private final HostFile<Meminfo> meminfo;
  private final HostFile<Cpuinfo> cpuinfo;
  private final HostFile<HostStat> stat;
  private final HostFile<Diskstats> diskstats;
  private final HostFile<Vmstat> vmstat;
  private final HostFile<CpuList> onlineCpus;
  private final HostFile<CpuList> possibleCpus;
  private final HostFile<Meminfo> firstNodeMeminfo;
  private final ConcurrentHashMap<String, KernelFile> texts = new ConcurrentHashMap<>();

  /**
   * @param procRoot where the host's /proc is seen
   * @param sysRoot where the host's /sys is seen
   * @param maxAge for how long what was read for one caller also serves others
   * @param nanoTime a clock as {@link System#nanoTime()}
   * @param bootNanos the time since the host's boot, suspension included (CLOCK_BOOTTIME)
   */
  public HostFacts(
      Path procRoot, Path sysRoot, Duration maxAge, LongSupplier nanoTime, LongSupplier bootNanos) {
    this.procRoot = procRoot;
    this.sysRoot = sysRoot;
    this.maxAgeNanos = maxAge.toNanos();
    this.nanoTime = nanoTime;
    this.bootNanos = bootNanos;
    this.meminfo = file("/proc/meminfo", Meminfo::parse);
    this.cpuinfo = file("/proc/cpuinfo", Cpuinfo::parse);
    this.stat = file("/proc/stat", HostStat::parse);
    this.diskstats = file("/proc/diskstats", Diskstats::parse);
    this.vmstat = file("/proc/vmstat", Vmstat::parse);
    this.onlineCpus = file("/sys/devices/system/cpu/online", CpuList::parse);
    this.possibleCpus = file("/sys/devices/system/cpu/possible", CpuList::parse);
    this.firstNodeMeminfo = file("/sys/devices/system/node/node0/meminfo", Meminfo::parseOfNode);
  }

  public Meminfo meminfo() throws IOException {
    return meminfo.get();
  }

  public Cpuinfo cpuinfo() throws IOException {
    return cpuinfo.get();
  }

  public HostStat stat() throws IOException {
    return stat.get();
  }

  public Diskstats diskstats() throws IOException {
    return diskstats.get();
  }

  public Vmstat vmstat() throws IOException {
    return vmstat.get();
  }

  /** How large a page of memory is, in bytes. */
  public int pageSize() {
    return PageSize.BYTES;
  }

  /** /sys/devices/system/cpu/online. */
  public CpuList onlineCpus() throws IOException {
    return onlineCpus.get();
  }

  /** /sys/devices/system/cpu/possible. */
  public CpuList possibleCpus() throws IOException {
    return possibleCpus.get();
  }

  /** /sys/devices/system/node/node0/meminfo. */
  public Meminfo firstNodeMeminfo() throws IOException {
    return firstNodeMeminfo.get();
  }

  /**
   * The time since the host's boot, suspension included, of which /proc/uptime shows hundredths of
   * a second (fs/proc/uptime.c:uptime_proc_show). That file costs the more, the more CPUs there
   * are.
   */
  public Duration uptime() {
    return Duration.ofNanos(bootNanos.getAsLong());
  }

  /**
   * The host's own text of a file, never cached.
   *
   * @param path as the container sees it, {@code /proc/meminfo}
   */
  public String text(String path) throws IOException {
    return texts.computeIfAbsent(path, this::kernelFile).read();
  }

  private <T> HostFile<T> file(String path, Function<String, T> parser) {
    return new HostFile<>(kernelFile(path), parser, maxAgeNanos, nanoTime);
  }

  private KernelFile kernelFile(String path) {
    Path relative = Path.of("/").relativize(Path.of(path));
    Path root = relative.startsWith("sys") ? sysRoot : procRoot;
    return new KernelFile(root, relative.subpath(1, relative.getNameCount()).toString());
  }
}
