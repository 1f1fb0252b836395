// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What reading containers met, by what was done to the daemon meanwhile. */
final class Survey {
  /** What is done to the daemon. */
  interface Deed {
    /** Does it once. Returns for how long nobody served. */
    Duration once() throws Exception;
  }

  /**
   * What one thread read.
   *
   * @param reader which thread
   */
  private record Remark(String reader, String text) {
    @Override
    public String toString() {
      return reader + ": " + text;
    }
  }

  /** One time. All readers' threads are in it. */
  static final class Round {
    private final String kind;
    private final double begin;
    private double end;
    private Duration unserved = Duration.ZERO;
    private long reads;
    private double longestWait;
    private final List<Remark> errors = new ArrayList<>();
    private final List<Remark> wrong = new ArrayList<>();
    private final List<Remark> back = new ArrayList<>();

    private Round(String kind) {
      this.kind = kind;
      begin = seconds();
    }

    private static double seconds() {
      return System.currentTimeMillis() / 1000.0;
    }

    private void add(String container, String line) {
      String[] words = line.split(" ", 4);
      String rest = words.length > 3 ? words[3] : "";
      Remark remark = new Remark(kind + ": " + container + " " + words[2], rest);
      switch (words[0]) {
        case "reads" -> reads += Long.parseLong(words[2]);
        case "wait" -> longestWait = Math.max(longestWait, Double.parseDouble(rest));
        case "error" -> errors.add(remark);
        case "wrong" -> wrong.add(remark);
        case "back" -> back.add(remark);
        default -> throw new AssertionError("the reader said: " + line);
      }
    }

    @Override
    public String toString() {
      return kind
          + ", where nobody served for "
          + unserved()
          + " s, a read took up to "
          + longestWait
          + " s, and errors were "
          + errors;
    }

    /** The longest that a read took, in seconds. */
    double longestWait() {
      return longestWait;
    }

    /** For how long nobody served, in seconds. */
    double unserved() {
      return unserved.toMillis() / 1000.0;
    }

    /** How many errors the thread read that read most of them. */
    long mostErrors() {
      return errors.stream()
          .collect(Collectors.groupingBy(Remark::reader, Collectors.counting()))
          .values()
          .stream()
          .max(Long::compare)
          .orElse(0L);
    }
  }

  private final Map<String, List<Round>> kinds = new LinkedHashMap<>();

  /** Does something to the daemon, some rounds, and notes when. */
  void during(String kind, int rounds, Deed deed) throws Exception {
    for (int number = 0; number < rounds; number++) {
      Round round = new Round(kind);
      round.unserved = deed.once();
      Command.sleep(Duration.ofMillis(200)); // the readers go on for a while
      round.end = Round.seconds();
      kinds.computeIfAbsent(kind, name -> new ArrayList<>()).add(round);
    }
  }

  /** What a container noted. */
  void add(ReadingContainer container) {
    List<String> lines = container.end();
    for (String line : lines) {
      if (!line.matches("[a-z]+ [0-9.]+ .*")) {
        throw new AssertionError(container + " said:\n" + String.join("\n", lines));
      }
      double time = Double.parseDouble(line.split(" ", 3)[1]);
      all()
          .filter(round -> time >= round.begin && time < round.end)
          .forEach(round -> round.add(container.toString(), line));
    }
  }

  private Stream<Round> all() {
    return kinds.values().stream().flatMap(List::stream);
  }

  private Stream<Round> of(String... names) {
    return Stream.of(names)
        .flatMap(name ->
            Optional.ofNullable(kinds.get(name))
                .orElseThrow(() -> new AssertionError("nothing was " + name))
                .stream());
  }

  /** Each round of some kinds. */
  List<Round> rounds(String... names) {
    return of(names).toList();
  }

  List<String> kinds() {
    return List.copyOf(kinds.keySet());
  }

  List<String> errors(String... names) {
    return of(names).flatMap(round -> round.errors.stream()).map(Remark::toString).toList();
  }

  /** Reads of all kinds that did not say what the container has. */
  List<String> wrong() {
    return all().flatMap(round -> round.wrong.stream()).map(Remark::toString).toList();
  }

  /** Counters that went backwards. */
  List<String> back(String... names) {
    return of(names).flatMap(round -> round.back.stream()).map(Remark::toString).toList();
  }

  long reads(String name) {
    return of(name).mapToLong(round -> round.reads).sum();
  }

  double longestWait(String name) {
    return of(name).mapToDouble(Round::longestWait).max().orElse(0);
  }

  /** The middle one of the rounds' longest waits: others use this machine, too. */
  double usualWait(String name) {
    List<Double> waits = of(name).map(Round::longestWait).sorted().toList();
    return waits.get(waits.size() / 2);
  }

  void print() {
    System.out.println(
        "| the daemon is | times | reads | errors | not the container's | longest wait | in the middle round | nobody served |");
    System.out.println("|---|---|---|---|---|---|---|---|");
    kinds.forEach((kind, rounds) ->
        System.out.printf(
            Locale.ROOT,
            "| %s | %d | %d | %d | %d | %.0f ms | %.0f ms | %.0f ms |%n",
            kind,
            rounds.size(),
            reads(kind),
            errors(kind).size(),
            rounds.stream().mapToInt(round -> round.wrong.size()).sum(),
            longestWait(kind) * 1000,
            usualWait(kind) * 1000,
            rounds.stream().mapToDouble(Round::unserved).max().orElse(0) * 1000));
  }
}
