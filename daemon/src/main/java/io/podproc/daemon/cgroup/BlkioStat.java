// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.Numbers;
import java.util.HashMap;
import java.util.Map;

/** What blkio, the controller of version 1, counts of each device, for a cgroup and all below. */
final class BlkioStat {
  static final String SERVICED = "blkio.throttle.io_serviced_recursive";
  static final String SERVICE_BYTES = "blkio.throttle.io_service_bytes_recursive";

  private BlkioStat() {}

  /** By {@code MAJOR:MINOR}, of the texts of both files. */
  static Map<String, IoCounters> devices(String serviced, String serviceBytes) {
    Map<String, Map<String, Long>> requests = byDevice(serviced);
    Map<String, Map<String, Long>> bytes = byDevice(serviceBytes);
    Map<String, IoCounters> devices = new HashMap<>();
    requests.forEach((device, count) -> {
      Map<String, Long> size = bytes.getOrDefault(device, Map.of());
      devices.put(
          device,
          new IoCounters(
              count.getOrDefault("Read", 0L),
              size.getOrDefault("Read", 0L),
              count.getOrDefault("Write", 0L),
              size.getOrDefault("Write", 0L),
              count.getOrDefault("Discard", 0L),
              size.getOrDefault("Discard", 0L)));
    });
    return devices;
  }

  /** Lines of {@code MAJOR:MINOR OPERATION VALUE} (block/blk-cgroup-rwstat.c). */
  private static Map<String, Map<String, Long>> byDevice(String text) {
    Map<String, Map<String, Long>> devices = new HashMap<>();
    text.lines()
        .map(line -> line.split(" ", -1))
        .filter(words -> words.length == 3)
        .forEach(words ->
            Numbers.parse(words[2])
                .ifPresent(value ->
                    devices
                        .computeIfAbsent(words[0], device -> new HashMap<>())
                        .put(words[1], value)));
    return devices;
  }
}
