// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins.Origin;
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.Limit;
import io.podproc.daemon.cgroup.Limit.Resource;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.kernel.CpuList;
import io.podproc.daemon.log.OneLine;
import io.podproc.daemon.view.VisibleCpus;
import io.podproc.rules.CpuWish;
import io.podproc.rules.ViewWish;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonBuilderFactory;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * {@code podproc explain}: of one container each file, and why it is served or not; and each number
 * with the limits that it comes from, level by level.
 */
final class Explanation {
  private final RunningContainer seen;
  private final Reasons reasons;
  private final Map<Resource, List<Limit>> limits = new LinkedHashMap<>();
  private final VisibleCpus cpus;
  private final CpuList online;
  private final MemoryFacts memory;
  private final Meminfo meminfo;
  private final String version;
  private final boolean showsSwap;
  private final String usageFile;

  /**
   * @throws IOException it has ended
   */
  Explanation(Node node, RunningContainer seen) throws IOException {
    this.seen = seen;
    this.reasons = new Reasons(node, seen);
    try (Cgroup cgroup = node.cgroups().at(seen.paths())) {
      List<Limit> all = cgroup.limits();
      for (Resource resource : Resource.values()) {
        limits.put(resource, all.stream().filter(limit -> limit.resource() == resource).toList());
      }
      online = node.host().onlineCpus();
      cpus = VisibleCpus.of(cgroup, node.cpuPolicy(), online, seen.shown().cpus());
      memory = cgroup.memory().within(seen.shown().memory());
      usageFile = cgroup.memoryUsageFile();
      meminfo = node.host().meminfo();
    }
    version = node.cgroups().version();
    showsSwap = node.swap();
  }

  /** The one whose value is the result: of cpusets the nearest, of all others the tightest. */
  private Optional<Limit> binding(Resource resource) {
    var set = limits.getOrDefault(resource, List.of()).stream().filter(l -> l.value().isPresent());
    return resource == Resource.CPUSET
        ? set.findFirst()
        : set.min(Comparator.comparingDouble(limit -> limit.value().getAsDouble()));
  }

  private long total(String line) {
    return meminfo.bytes(line).orElse(0);
  }

  private long memoryTotal() {
    return Math.min(memory.limit().orElse(Long.MAX_VALUE), total("MemTotal"));
  }

  private long swapTotal() {
    return showsSwap ? Math.min(memory.swapLimit().orElse(Long.MAX_VALUE), total("SwapTotal")) : 0;
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append("container ").append(OneLine.of(seen.name()));
    text.append(seen.pod().isPresent() ? " of pod " + OneLine.of(seen.podName()) : " of no pod");
    text.append("\n  id ").append(OneLine.of(seen.id()));
    text.append("\n  process ").append(seen.pid()).append(", which began ");
    text.append(Table.time(seen.age().toSeconds())).append(" ago; cgroup ").append(version);
    text.append("\n  ").append(reasons.pod()).append("\n\n");
    text.append(files()).append('\n');
    cpus(text);
    memory(text);
    section(
        text,
        "Swap: "
            + Table.bytes(swapTotal())
            + ", of which "
            + Table.bytes(memory.swapUsage())
            + " are used by it",
        Resource.SWAP,
        Resource.SWAP,
        "the node has " + Table.bytes(total("SwapTotal")));
    text.append("Load: ").append(load()).append('\n');
    text.append("Uptime: since process ").append(seen.pid()).append(" began\n");
    return text.toString();
  }

  private void cpus(StringBuilder text) {
    section(
        text,
        "CPUs: " + cpus.count() + ", of which it may use " + Table.number(cpus.capacity(), 3),
        Resource.CPU,
        Resource.CPUSET,
        askedCpus().map(asked -> ViewWish.CPUS + " of its pod says " + asked + "\n  ").orElse("")
            + "the node has "
            + online.size()
            + ": "
            + online);
  }

  private void memory(StringBuilder text) {
    section(
        text,
        "Memory: "
            + Table.bytes(memoryTotal())
            + ", of which "
            + Table.bytes(memory.usage())
            + " are charged to it in "
            + usageFile,
        Resource.MEMORY,
        Resource.MEMORY,
        askedMemory()
                .map(asked -> ViewWish.MEMORY + " of its pod says " + Table.bytes(asked) + "\n  ")
                .orElse("")
            + "the node has "
            + Table.bytes(total("MemTotal")));
  }

  /** As the annotation has it; empty where there is none that counts. */
  private Optional<String> askedCpus() {
    CpuWish wish = seen.shown().cpus();
    return switch (wish.kind()) {
      case USUAL -> Optional.empty();
      case NUMBER -> Optional.of(Table.number(wish.most(), 3));
      case LIMIT, REQUEST, CPUSET -> Optional.of(wish.kind().name().toLowerCase(Locale.ROOT));
    };
  }

  private Optional<Long> askedMemory() {
    OptionalLong most = seen.shown().memory();
    return most.isPresent() ? Optional.of(most.getAsLong()) : Optional.empty();
  }

  private String files() {
    if (seen.look().files().isEmpty()) {
      return Why.TOO_MANY_MOUNTS.sentence() + "\n";
    }
    Table table = new Table("", "FILE", "SHOWS", "WHY");
    seen.look().files().forEach((path, origin) -> table.row(path, shown(origin), reasons.of(path)));
    return table.toString();
  }

  private static String shown(Origin origin) {
    if (origin.isServed()) {
      return "the container";
    }
    return switch (origin.kind()) {
      case DEAD -> "an error";
      case OTHER -> "another mount";
      default -> "the node";
    };
  }

  private void section(
      StringBuilder text, String head, Resource first, Resource second, String node) {
    text.append(head).append('\n');
    Table table = new Table("  ", "", "LIMIT", "FILE", "SAYS", "OF");
    for (Resource resource : first == second ? List.of(first) : List.of(first, second)) {
      Optional<Limit> binding = binding(resource);
      for (Limit limit : limits.getOrDefault(resource, List.of())) {
        table.row(
            binding.filter(limit::equals).isPresent() ? "*" : "",
            value(limit),
            limit.file(),
            limit.text(),
            limit.directory());
      }
    }
    text.append(table).append("  ").append(node).append("\n\n");
  }

  private static String value(Limit limit) {
    OptionalDouble value = limit.value();
    return switch (limit.resource()) {
      case CPU -> value.isPresent() ? Table.number(value.getAsDouble(), 3) : "no limit";
      case CPUSET -> value.isPresent() ? Table.number(value.getAsDouble(), 0) : "all";
      case MEMORY, SWAP -> Table.bytes(value);
    };
  }

  private String load() {
    return seen.known()
        .map(known ->
            seen.load(0).map(load -> Table.number(load, 2)).orElse("")
                + " "
                + seen.load(1).map(load -> Table.number(load, 2)).orElse("")
                + " "
                + seen.load(2).map(load -> Table.number(load, 2)).orElse("")
                + ", of its "
                + known.load().total()
                + " threads, which podproc counts each few seconds")
        .orElse("none yet: it has read no file, and its threads are counted from then on");
  }

  String json(JsonBuilderFactory json) {
    JsonObjectBuilder object = json.createObjectBuilder();
    Listing.identity(object, seen);
    object.add("ageSeconds", seen.age().toSeconds()).add("cgroup", version);
    object.add("decision", reasons.code()).add("decisionText", reasons.pod());
    JsonArrayBuilder files = json.createArrayBuilder();
    seen.look()
        .files()
        .forEach((path, origin) ->
            files.add(
                json.createObjectBuilder()
                    .add("path", path)
                    .add("served", origin.isServed())
                    .add("shows", shown(origin))
                    .add("by", origin.kind().name().toLowerCase(Locale.ROOT))
                    .add("why", reasons.of(path))));
    object.add("files", files);
    JsonObjectBuilder asked = json.createObjectBuilder();
    askedCpus().ifPresent(cpus -> asked.add("cpus", cpus));
    askedMemory().ifPresent(bytes -> asked.add("memoryBytes", bytes));
    object.add("asked", asked);
    object.add(
        "cpus",
        json.createObjectBuilder()
            .add("visible", cpus.count())
            .add("capacity", cpus.capacity())
            .add("node", online.size())
            .add("quotas", levels(json, Resource.CPU))
            .add("cpusets", levels(json, Resource.CPUSET)));
    object.add(
        "memory",
        size(json, memoryTotal(), memory.usage(), "MemTotal", Resource.MEMORY)
            .add("usedFile", usageFile));
    object.add("swap", size(json, swapTotal(), memory.swapUsage(), "SwapTotal", Resource.SWAP));
    if (seen.known().isPresent()) {
      object.add("load", Listing.loads(json, seen));
    }
    return object.build() + "\n";
  }

  private JsonObjectBuilder size(
      JsonBuilderFactory json, long total, long used, String line, Resource resource) {
    return json.createObjectBuilder()
        .add("totalBytes", total)
        .add("usedBytes", used)
        .add("nodeBytes", total(line))
        .add("limits", levels(json, resource));
  }

  private JsonArrayBuilder levels(JsonBuilderFactory json, Resource resource) {
    Optional<Limit> binding = binding(resource);
    JsonArrayBuilder levels = json.createArrayBuilder();
    for (Limit limit : limits.getOrDefault(resource, List.of())) {
      JsonObjectBuilder level =
          json.createObjectBuilder()
              .add("cgroup", limit.directory())
              .add("file", limit.file())
              .add("says", limit.text())
              .add("binds", binding.filter(limit::equals).isPresent());
      limit.value().ifPresent(value -> level.add("limit", value));
      levels.add(level);
    }
    return levels;
  }
}
