// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.List;
import java.util.Optional;

/**
 * A file of the daemon's that can be mounted over a container's own: all there are, in the order in
 * which pods get them.
 */
public enum InjectableFile {
  CPUINFO("/proc/cpuinfo"),
  MEMINFO("/proc/meminfo"),
  STAT("/proc/stat"),
  UPTIME("/proc/uptime"),
  LOADAVG("/proc/loadavg"),
  SWAPS("/proc/swaps"),
  DISKSTATS("/proc/diskstats"),
  SLABINFO("/proc/slabinfo"),
  CPU_PRESSURE("/proc/pressure/cpu", false),
  MEMORY_PRESSURE("/proc/pressure/memory", false),
  IO_PRESSURE("/proc/pressure/io", false),
  ONLINE_CPUS("/sys/devices/system/cpu/online"),
  PRESENT_CPUS("/sys/devices/system/cpu/present"),
  POSSIBLE_CPUS("/sys/devices/system/cpu/possible"),
  OFFLINE_CPUS("/sys/devices/system/cpu/offline"),
  ONLINE_NODES("/sys/devices/system/node/online"),
  POSSIBLE_NODES("/sys/devices/system/node/possible"),
  NODES_WITH_CPUS("/sys/devices/system/node/has_cpu"),
  NODES_WITH_MEMORY("/sys/devices/system/node/has_memory"),
  LIST_OF_NODE_CPUS("/sys/devices/system/node/node0/cpulist"),
  MAP_OF_NODE_CPUS("/sys/devices/system/node/node0/cpumap"),
  NODE_MEMINFO("/sys/devices/system/node/node0/meminfo"),
  NODE_DISTANCE("/sys/devices/system/node/node0/distance"),
  VMSTAT("/proc/vmstat", false);

  private static final List<InjectableFile> ALL = List.of(values());

  private final String path;
  private final String volumeName;
  private final boolean byRuncToo;

  InjectableFile(String path) {
    this(path, true);
  }

  InjectableFile(String path, boolean byRuncToo) {
    this.path = path;
    this.byRuncToo = byRuncToo;
    volumeName = "podproc" + path.replace('/', '-').replace('_', '-');
  }

  public static List<InjectableFile> all() {
    return ALL;
  }

  public static Optional<InjectableFile> at(String path) {
    return ALL.stream().filter(file -> file.path.equals(path)).findFirst();
  }

  /** In the container, and below the daemon's mount point. */
  public String path() {
    return path;
  }

  /** Whether runc mounts it; others stop the container's start except with crun. */
  public boolean byRuncToo() {
    return byRuncToo;
  }

  /** The name of the pod's volume that holds it. */
  String volumeName() {
    return volumeName;
  }
}
