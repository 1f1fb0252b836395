// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What {@code e2e/bench/run} has measured, as a table and as JSON, beside what was to be reached.
 *
 * <p>Arguments: the file of records and, if wanted, the file for the JSON. A record is a line of
 * section, case ({@code file=/proc/stat;readers=4}), server, metric and value, with tabs between.
 * Exit status: 3 where a file costs podproc more CPU than lxcfs.
 */
final class Report {
  /** A case of a section: for each server, its figures by metric. */
  private record Row(Map<String, String> keys, Map<String, Map<String, String>> figures) {
    OptionalDouble figure(String server, String metric) {
      String value = figures.getOrDefault(server, Map.of()).get(metric);
      return value == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(value));
    }

    String text(String server, String metric) {
      return figures.getOrDefault(server, Map.of()).getOrDefault(metric, "");
    }

    /** A figure of podproc's by the same of another server; empty without one of them. */
    OptionalDouble ratio(String metric, String other) {
      OptionalDouble mine = figure("podproc", metric);
      OptionalDouble theirs = figure(other, metric);
      return mine.isPresent() && theirs.isPresent() && theirs.getAsDouble() > 0
          ? OptionalDouble.of(mine.getAsDouble() / theirs.getAsDouble())
          : OptionalDouble.empty();
    }
  }

  /** A column of figures. */
  private record Column(String head, String server, String metric, int digits) {}

  /**
   * What is to be reached.
   *
   * @param head of the column of what was
   * @param limit what it may be at most
   */
  private record Bar(
      String head,
      String text,
      double limit,
      Function<Row, OptionalDouble> measure,
      Predicate<Row> applies) {
    boolean isMet(double measured) {
      return measured <= limit;
    }
  }

  private record Section(
      String name, String title, List<Column> columns, List<Bar> bars, String notes) {}

  private static final Predicate<Row> ALWAYS = row -> true;

  private static final List<String> FLOOR_FILES =
      List.of("/proc/uptime", "/proc/loadavg", "/proc/swaps", "/proc/meminfo", "/cpu/online");

  private static Bar ratioBar(String head, String text, double limit, String metric) {
    return new Bar(head, text, limit, row -> row.ratio(metric, "lxcfs"), ALWAYS);
  }

  private static final Bar CHEAPER =
      new Bar(
          "CPU/lxcfs",
          "daemon CPU of a cycle <= 1/3 of lxcfs",
          1 / 3.0,
          row -> row.figure("podproc", "cpu_to_lxcfs"),
          ALWAYS);

  private static final List<Section> SECTIONS =
      List.of(
          new Section(
              "files",
              "An open, read to the end and close, us",
              columns(
                  List.of("podproc", "libfuse", "floor", "lxcfs", "kernel"),
                  List.of("p50_us", "p99_us", "cpu_us"),
                  0),
              List.of(
                  CHEAPER,
                  new Bar(
                      "CPU/floor",
                      "daemon CPU of a cycle <= 2 x floor (uptime, loadavg, swaps, online, meminfo)",
                      2,
                      row -> row.figure("podproc", "cpu_to_floor"),
                      row -> FLOOR_FILES.stream().anyMatch(row.keys.get("file")::endsWith)),
                  ratioBar("p50/lxcfs", "p50 <= 1/2 of lxcfs", 0.5, "p50_us"),
                  ratioBar("p99/lxcfs", "p99 <= that of lxcfs", 1, "p99_us")),
              """
              cpu: what a cycle takes of the server, the median of the rounds; CPU ratios are medians of the
              rounds' own. podproc: the kernel's protocol; libfuse: podproc through libfuse 2; floor: podproc's
              transport with constant texts of the same length, in Floor.java; kernel: the host's own file."""),
          new Section(
              "syscalls",
              "System calls of the serving threads for one cat, warm",
              syscallColumns(),
              List.of(ratioBar("ratio", "system calls of a cat, natively <= 1/5 of lxcfs", 0.2, "calls")),
              "Counted by strace in a pass of its own; threads that answer no requests are left out."),
          new Section(
              "vm",
              "The same on cgroup v2, in the VM",
              syscallColumns(),
              List.of(ratioBar("ratio", "system calls of a cat, in the VM <= 1/5 of lxcfs", 0.2, "calls")),
              "Counts alone: the VM's CPU is emulated."),
          new Section(
              "cold",
              "First read by a container never seen, us",
              columns(List.of("podproc", "lxcfs"), List.of("p50_us", "p90_us", "cpu_us"), 0),
              List.of(ratioBar("p50/lxcfs", "first read <= 1/10 of lxcfs", 0.1, "p50_us")),
              "Each in a new cgroup and a new pid namespace; the daemon has served 5000 reads of another."),
          new Section(
              "containers",
              "Containers that read at once, one reader each, us",
              columns(
                  List.of("podproc", "floor", "lxcfs"),
                  List.of("per_second", "p50_us", "p99_us", "cpu_us"),
                  0),
              List.of(
                  ratioBar("CPU/lxcfs", "CPU of a cycle, many containers <= 1/3 of lxcfs", 1 / 3.0, "cpu_us"),
                  ratioBar("p50/lxcfs", "p50, many containers <= 1/2 of lxcfs", 0.5, "p50_us"),
                  ratioBar("p99/lxcfs", "p99, many containers <= that of lxcfs", 1, "p99_us")),
              "meminfo, stat, cpuinfo, loadavg, uptime in turn, without a pause."),
          new Section(
              "fairness",
              "Other containers while one reads in 64 threads, us",
              columns(
                  List.of("podproc", "floor", "lxcfs"),
                  List.of("alone_p50_us", "alone_p99_us", "beside_p50_us", "beside_p99_us", "hammered_per_s"),
                  0),
              List.of(
                  new Bar(
                      "p99 beside/alone",
                      "others' p99 beside 64 readers <= 3 x without",
                      3,
                      row -> {
                        OptionalDouble alone = row.figure("podproc", "alone_p99_us");
                        OptionalDouble beside = row.figure("podproc", "beside_p99_us");
                        return alone.isPresent() && beside.isPresent()
                            ? OptionalDouble.of(beside.getAsDouble() / alone.getAsDouble())
                            : OptionalDouble.empty();
                      },
                      ALWAYS)),
              """
              The others read 50 times a second each. hammered_per_s: what the 64 got. What the floor shows of it
              is the machine's scheduler and the queue of FUSE."""),
          new Section(
              "sampler",
              "CPU of the daemon, in % of a core, nobody reads",
              columns(List.of("podproc", "lxcfs"), List.of("cpu_percent"), 3),
              List.of(
                  new Bar(
                      "to lxcfs",
                      "sampler, all idle <= 1/10 of lxcfs -l",
                      0.1,
                      row -> row.ratio("cpu_percent", "lxcfs"),
                      row -> row.keys.get("busy").equals("0")),
                  new Bar(
                      "% of core",
                      "sampler, all idle <= 1 % of a core",
                      1,
                      row -> row.figure("podproc", "cpu_percent"),
                      row -> row.keys.get("busy").equals("0")),
                  new Bar(
                      "to lxcfs",
                      "sampler, some busy <= 1/3 of lxcfs -l",
                      1 / 3.0,
                      row -> row.ratio("cpu_percent", "lxcfs"),
                      row -> !row.keys.get("busy").equals("0"))),
              "Both in the same window. A busy container uses 1 % of a core."),
          new Section(
              "memory",
              "Memory of the daemon under load, MiB",
              columns(
                  List.of("podproc", "lxcfs"),
                  List.of("start_mib", "half_mib", "end_mib", "dirty_mib", "reads_per_s", "cpu_percent"),
                  1),
              List.of(
                  new Bar(
                      "PSS",
                      "PSS after the load <= 64 MiB",
                      64,
                      row -> row.figure("podproc", "end_mib"),
                      ALWAYS),
                  new Bar(
                      "end/half",
                      "PSS flat over the second half: <= 1.02 x",
                      1.02,
                      row -> {
                        OptionalDouble half = row.figure("podproc", "half_mib");
                        return half.isPresent()
                            ? OptionalDouble.of(row.figure("podproc", "end_mib").orElseThrow() / half.getAsDouble())
                            : half;
                      },
                      ALWAYS)),
              "PSS at the start, half way and at the end; dirty: private dirty at the end."),
          new Section(
              "start",
              "From the start of the process to the first read by a container that is answered, ms",
              columns(List.of("podproc", "lxcfs"), List.of("p50_ms", "worst_ms", "cpu_ms", "pss_mib"), 0),
              List.of(
                  new Bar(
                      "ms",
                      "start to the first answered read <= 1000 ms",
                      1000,
                      row -> row.figure("podproc", "p50_ms"),
                      ALWAYS)),
              "cpu: what the daemon used till then."));

  private static List<Column> columns(List<String> servers, List<String> metrics, int digits) {
    List<Column> columns = new ArrayList<>();
    for (String server : servers) {
      for (String metric : metrics) {
        String head = metric.replaceFirst("_(us|ms|mib|percent)$", "");
        columns.add(new Column(head, server, metric, digits));
      }
    }
    return columns;
  }

  private static List<Column> syscallColumns() {
    return List.of(
        new Column("calls", "podproc", "calls", 1),
        new Column("calls", "lxcfs", "calls", 1),
        new Column("which", "podproc", "which", -1),
        new Column("which", "lxcfs", "which", -1));
  }

  private final Map<String, Map<String, Row>> sections = new LinkedHashMap<>();
  private final List<String> summary = new ArrayList<>();
  private final List<Map<String, Object>> judged = new ArrayList<>();

  public static void main(String[] args) throws IOException {
    Locale.setDefault(Locale.ROOT);
    Report report = new Report(Files.readAllLines(Path.of(args[0])));
    report.print();
    if (args.length > 1) {
      Files.writeString(Path.of(args[1]), report.json());
    }
    System.exit(report.costsMore() ? 3 : 0);
  }

  private Report(List<String> records) {
    for (String line : records) {
      String[] fields = line.split("\t", 5);
      sections
          .computeIfAbsent(fields[0], s -> new LinkedHashMap<>())
          .computeIfAbsent(fields[1], c -> new Row(keys(c), new LinkedHashMap<>()))
          .figures
          .computeIfAbsent(fields[2], s -> new LinkedHashMap<>())
          .put(fields[3], fields[4]);
    }
  }

  private static Map<String, String> keys(String text) {
    Map<String, String> keys = new LinkedHashMap<>();
    for (String pair : text.split(";")) {
      if (!pair.isEmpty()) {
        keys.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
      }
    }
    return keys;
  }

  private boolean costsMore() {
    return sections.getOrDefault("files", Map.of()).values().stream()
        .anyMatch(row -> CHEAPER.measure.apply(row).orElse(0) > 1);
  }

  // ---- the table ----

  private void print() {
    sections.getOrDefault("about", Map.of()).values().forEach(row ->
        row.figures.forEach((what, values) ->
            System.out.println(what + ": " + String.join(", ", values.values()))));
    for (Section section : SECTIONS) {
      if (sections.containsKey(section.name)) {
        print(section, List.copyOf(sections.get(section.name).values()));
      }
    }
    if (!summary.isEmpty()) {
      System.out.println("\n== Bars");
      summary.forEach(System.out::println);
    }
  }

  private void print(Section section, List<Row> rows) {
    List<Column> columns =
        section.columns.stream()
            .filter(c -> rows.stream().anyMatch(row -> !row.text(c.server, c.metric).isEmpty()))
            .toList();
    List<Bar> bars = section.bars.stream().filter(bar -> rows.stream().anyMatch(row -> isJudged(bar, row))).toList();
    List<List<String>> table = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    List<String> heads = new ArrayList<>();
    for (String key : rows.getFirst().keys.keySet()) {
      groups.add("");
      heads.add(key);
    }
    String group = "";
    for (Column column : columns) {
      groups.add(column.server.equals(group) ? "" : "| " + column.server);
      heads.add((column.server.equals(group) ? "" : "| ") + column.head);
      group = column.server;
    }
    for (Bar bar : bars) {
      groups.add("| bar " + (bar.limit < 1 ? "%.2f" : "%.4g").formatted(bar.limit));
      heads.add("| " + bar.head);
    }
    table.add(groups);
    table.add(heads);
    for (Row row : rows) {
      List<String> cells = new ArrayList<>();
      row.keys.values().forEach(value ->
          cells.add(value.replaceFirst("^/(proc|sys/devices/system)/", "")));
      group = "";
      for (Column column : columns) {
        cells.add((column.server.equals(group) ? "" : "| ") + cell(row, column));
        group = column.server;
      }
      for (Bar bar : bars) {
        cells.add("| " + (isJudged(bar, row) ? judgement(bar, row) : ""));
      }
      table.add(cells);
    }
    System.out.println("\n== " + section.name + ": " + section.title);
    printAligned(table);
    System.out.println(section.notes.strip());
    bars.forEach(bar -> judge(section, bar, rows));
  }

  private static String cell(Row row, Column column) {
    String text = row.text(column.server, column.metric);
    return column.digits < 0 || text.isEmpty()
        ? text
        : ("%." + column.digits + "f").formatted(Double.parseDouble(text));
  }

  private static void printAligned(List<List<String>> table) {
    int[] widths = new int[table.getFirst().size()];
    table.forEach(cells -> {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], cells.get(i).length());
      }
    });
    for (List<String> cells : table) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = cells.get(i);
        boolean ruled = cell.startsWith("| ");
        String value = ruled ? cell.substring(2) : cell;
        int width = widths[i] - (ruled ? 2 : 0);
        boolean left = !value.matches("[0-9.]+( !)?") || i == 0;
        String format = (left ? "%-" : "%") + Math.max(1, width) + "s  ";
        line.append(ruled ? "| " : "").append(format.formatted(value));
      }
      System.out.println(line.toString().stripTrailing());
    }
  }

  // ---- the bars ----

  private static boolean isJudged(Bar bar, Row row) {
    return bar.applies.test(row) && bar.measure.apply(row).isPresent();
  }

  private static String judgement(Bar bar, Row row) {
    double measured = bar.measure.apply(row).orElseThrow();
    return (measured < 10 ? "%.2f" : "%.0f").formatted(measured) + (bar.isMet(measured) ? "" : " !");
  }

  private void judge(Section section, Bar bar, List<Row> rows) {
    List<Row> in = rows.stream().filter(row -> isJudged(bar, row)).toList();
    List<String> missed = new ArrayList<>();
    for (Row row : in) {
      double measured = bar.measure.apply(row).orElseThrow();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("section", section.name);
      entry.put("bar", bar.text);
      entry.putAll(row.keys);
      entry.put("measured", measured);
      entry.put("limit", bar.limit);
      entry.put("met", bar.isMet(measured));
      judged.add(entry);
      if (!bar.isMet(measured)) {
        missed.add(
            (String.join(" ", row.keys.values()) + " %.3g (x %.2f)").formatted(measured, measured / bar.limit).strip());
      }
    }
    summary.add(
        "%-6s %3d of %-3d %s%s"
            .formatted(
                missed.isEmpty() ? "met" : "MISSED",
                in.size() - missed.size(),
                in.size(),
                bar.text,
                missed.isEmpty() ? "" : ", but: " + String.join(", ", missed)));
  }

  // ---- JSON ----

  private String json() {
    StringBuilder json = new StringBuilder("{\n  \"about\": {");
    List<String> about = new ArrayList<>();
    sections.getOrDefault("about", Map.of()).values().forEach(row ->
        row.figures.forEach((what, values) ->
            about.add(quoted(what) + ": " + quoted(String.join(", ", values.values())))));
    json.append(String.join(", ", about)).append("},\n  \"results\": [");
    List<String> results = new ArrayList<>();
    sections.forEach((section, rows) -> {
      if (!section.equals("about")) {
        rows.values().forEach(row ->
            row.figures.forEach((server, figures) -> {
              Map<String, Object> entry = new LinkedHashMap<>();
              entry.put("section", section);
              entry.putAll(row.keys);
              entry.put("server", server);
              entry.putAll(figures);
              results.add(object(entry));
            }));
      }
    });
    json.append(String.join(",", results)).append("\n  ],\n  \"bars\": [");
    json.append(judged.stream().map(Report::object).collect(Collectors.joining(",")));
    return json.append("\n  ]\n}\n").toString();
  }

  private static String object(Map<String, Object> entry) {
    return entry.entrySet().stream()
        .map(field -> quoted(field.getKey()) + ": " + value(field.getValue()))
        .collect(Collectors.joining(", ", "\n    {", "}"));
  }

  private static String value(Object value) {
    return switch (value) {
      case Boolean truth -> truth.toString();
      case Double number -> "%.4f".formatted(number);
      case Object text when text.toString().matches("-?[0-9]+(\\.[0-9]+)?") -> text.toString();
      case Object text -> quoted(text.toString());
    };
  }

  private static String quoted(String text) {
    return Arrays.stream(text.split(""))
        .map(c -> c.equals("\"") || c.equals("\\") ? "\\" + c : c)
        .collect(Collectors.joining("", "\"", "\""));
  }
}
