// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * A file of the daemon's that can be mounted over a container's own.
 *
 * @param path in the container, and below the daemon's mount point
 * @param byRuncToo whether runc mounts it; others stop the container's start except with crun
 */
public record InjectableFile(String path, boolean byRuncToo) {
  private static final SequencedMap<String, InjectableFile> ALL =
      Stream.of(
              mountable("/proc/cpuinfo"),
              mountable("/proc/meminfo"),
              mountable("/proc/stat"),
              mountable("/proc/uptime"),
              mountable("/proc/loadavg"),
              mountable("/proc/swaps"),
              mountable("/proc/diskstats"),
              mountable("/proc/slabinfo"),
              refusedByRunc("/proc/pressure/cpu"),
              refusedByRunc("/proc/pressure/memory"),
              refusedByRunc("/proc/pressure/io"),
              mountable("/sys/devices/system/cpu/online"),
              mountable("/sys/devices/system/cpu/present"),
              mountable("/sys/devices/system/cpu/possible"))
          .collect(LinkedHashMap::new, (map, file) -> map.put(file.path, file), Map::putAll);

  private static InjectableFile mountable(String path) {
    return new InjectableFile(path, true);
  }

  private static InjectableFile refusedByRunc(String path) {
    return new InjectableFile(path, false);
  }

  /** All there are, in the order in which pods get them. */
  public static SequencedCollection<InjectableFile> all() {
    return ALL.sequencedValues();
  }

  public static Optional<InjectableFile> at(String path) {
    return Optional.ofNullable(ALL.get(path));
  }

  /** The name of the pod's volume that holds it. */
  String volumeName() {
    return "podproc" + path.replace('/', '-');
  }
}
