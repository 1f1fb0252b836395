// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.view.VisibleCpus;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonBuilderFactory;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** {@code podproc ps}: the containers of this node, and what each sees. */
final class Listing {
  private final Node node;
  private final List<Row> rows;
  private final int missed;

  /**
   * Of one container.
   *
   * @param sight empty where its cgroup can't be read, or has gone
   */
  private record Row(RunningContainer seen, Optional<Measured> sight) {}

  /** Sizes in bytes. */
  private record Measured(int cpus, double capacity, long used, long limit) {}

  Listing(Node node, RunningContainers.Found found) {
    this.node = node;
    this.missed = found.missed();
    this.rows =
        found.containers().stream()
            .sorted(
                Comparator.comparing(RunningContainer::podName)
                    .thenComparing(RunningContainer::name))
            .map(seen -> new Row(seen, sight(seen)))
            .toList();
  }

  private Optional<Measured> sight(RunningContainer seen) {
    try (Cgroup cgroup = node.cgroups().at(seen.paths())) {
      VisibleCpus cpus =
          VisibleCpus.of(cgroup, node.cpuPolicy(), node.host().onlineCpus(), seen.shown().cpus());
      MemoryFacts memory = cgroup.memory().within(seen.shown().memory());
      long has = node.host().meminfo().bytes("MemTotal").orElse(Long.MAX_VALUE);
      return Optional.of(
          new Measured(
              cpus.count(),
              cpus.capacity(),
              memory.usage(),
              Math.min(memory.limit().orElse(Long.MAX_VALUE), has)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  String text() {
    Table table =
        new Table("", "POD", "CONTAINER", "CPUS", "MEMORY", "LOAD", "FILES", "AGE", "PID");
    for (Row row : rows) {
      RunningContainer seen = row.seen;
      table.row(
          seen.podName(),
          seen.name(),
          row.sight.map(sight -> String.valueOf(sight.cpus)).orElse("?"),
          row.sight
              .map(sight -> Table.bytes(sight.used) + "/" + Table.bytes(sight.limit))
              .orElse("?"),
          seen.load(0).map(load -> Table.number(load, 2)).orElse("-"),
          seen.way(),
          Table.time(seen.age().toSeconds()),
          String.valueOf(seen.pid()));
    }
    return table + (missed == 0 ? "" : missed + " more were not looked at: that took too long\n");
  }

  String json(JsonBuilderFactory json) {
    JsonArrayBuilder all = json.createArrayBuilder();
    for (Row row : rows) {
      RunningContainer seen = row.seen;
      JsonObjectBuilder object = json.createObjectBuilder();
      identity(object, seen);
      row.sight.ifPresent(sight ->
          object
              .add("cpus", sight.cpus)
              .add("cpuCapacity", sight.capacity)
              .add("memoryUsedBytes", sight.used)
              .add("memoryTotalBytes", sight.limit));
      if (seen.known().isPresent()) {
        object.add("load", loads(json, seen));
      }
      all.add(object.add("files", seen.way()).add("ageSeconds", seen.age().toSeconds()));
    }
    JsonObjectBuilder object = json.createObjectBuilder().add("containers", all);
    return object.add("notLookedAt", missed).add("nodeHas", nodeHas(json)).build() + "\n";
  }

  /** What a container would see without podproc. What can't be read is left out. */
  private JsonObjectBuilder nodeHas(JsonBuilderFactory json) {
    JsonObjectBuilder has = json.createObjectBuilder();
    node.name().ifPresent(name -> has.add("name", name));
    try {
      JsonObjectBuilder _ = has.add("cpus", node.host().onlineCpus().size());
      Meminfo meminfo = node.host().meminfo();
      OptionalLong total = meminfo.bytes("MemTotal");
      OptionalLong available = meminfo.bytes("MemAvailable");
      if (total.isPresent() && available.isPresent()) {
        JsonObjectBuilder _ =
            has.add("memoryUsedBytes", total.getAsLong() - available.getAsLong())
                .add("memoryTotalBytes", total.getAsLong());
      }
      JsonArrayBuilder loads = json.createArrayBuilder();
      Arrays.stream(node.host().text("/proc/loadavg").split(" ", -1))
          .limit(3)
          .forEach(load -> loads.add(new BigDecimal(load)));
      return has.add("load", loads);
    } catch (IOException | NumberFormatException e) {
      return has;
    }
  }

  /** Which container it is. */
  static void identity(JsonObjectBuilder object, RunningContainer seen) {
    seen.pod().ifPresent(pod -> object.add("podUid", pod.podUid()));
    seen.standing()
        .ifPresent(known -> object.add("namespace", known.namespace()).add("pod", known.name()));
    seen.look().name().ifPresent(name -> object.add("container", name));
    object.add("id", seen.id()).add("pid", seen.pid());
  }

  static JsonArrayBuilder loads(JsonBuilderFactory json, RunningContainer seen) {
    JsonArrayBuilder loads = json.createArrayBuilder();
    for (int i = 0; i < 3; i++) {
      seen.load(i).ifPresent(loads::add);
    }
    return loads;
  }
}
