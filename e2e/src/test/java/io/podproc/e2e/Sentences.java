// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.podproc.e2e.Sentence.Result;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonWriter;
import jakarta.json.stream.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.JUnitException;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Tells what came of each test, with the figures that it published, as a table and as JSON. Both
 * are written after each test, so that a suite that is interrupted has told what it knew.
 *
 * <p>Started by JUnit itself ({@code META-INF/services}), it does nothing without {@code
 * -De2e.sentences=FOLDER}.
 */
public final class Sentences implements TestExecutionListener {
  private final @Nullable Path folder;
  private final Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final Map<String, Sentence> sentences = new LinkedHashMap<>();
  private Optional<TestPlan> plan = Optional.empty();

  /** For JUnit. */
  public Sentences() {
    this(Optional.ofNullable(System.getProperty("e2e.sentences")).map(Path::of).orElse(null));
  }

  Sentences(@Nullable Path folder) {
    this.folder = folder;
  }

  // ---- what JUnit tells ----

  @Override
  public synchronized void testPlanExecutionStarted(TestPlan plan) {
    this.plan = Optional.of(plan);
    plan.getRoots().forEach(root -> plan.getDescendants(root).forEach(this::add));
    write();
  }

  private void add(TestIdentifier test) {
    // A test with parameters is a container, until it is known which there are.
    test.getParentId().ifPresent(sentences::remove);
    if (test.getSource().orElse(null) instanceof MethodSource source) {
      sentences.put(test.getUniqueId(), Sentence.of(source, test));
    }
  }

  @Override
  public synchronized void dynamicTestRegistered(TestIdentifier test) {
    add(test);
  }

  @Override
  public synchronized void executionStarted(TestIdentifier test) {
    find(test).ifPresent(Sentence::start);
  }

  @Override
  public synchronized void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
    find(test).ifPresent(sentence -> sentence.add(entry.getKeyValuePairs()));
  }

  @Override
  public synchronized void executionSkipped(TestIdentifier test, String reason) {
    below(test).forEach(sentence -> sentence.end(Result.SKIPPED, reason));
    write();
  }

  @Override
  public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Optional<Throwable> cause = result.getThrowable().map(Sentences::cause);
    String reason =
        cause.map(why -> Optional.ofNullable(why.getMessage()).orElse(why.toString())).orElse(null);
    switch (result.getStatus()) {
      case SUCCESSFUL -> find(test).ifPresent(sentence -> sentence.end(Result.PASSED, null));
      case ABORTED -> below(test).forEach(sentence -> sentence.end(Result.SKIPPED, reason));
      case FAILED -> {
        List<Sentence> failed = below(test).toList();
        failed.forEach(sentence -> sentence.end(Result.FAILED, reason));
        if (failed.isEmpty()) {
          // All tests below have run: it is what ends them that failed.
          sentences.put(
              test.getUniqueId(),
              Sentence.failed("nothing stays of " + test.getDisplayName(), cause.orElseThrow()));
        }
      }
    }
    write();
  }

  /** What JUnit wraps where it ends what it keeps. */
  private static Throwable cause(Throwable thrown) {
    if (!(thrown instanceof JUnitException)) {
      return thrown;
    }
    return Stream.concat(Stream.ofNullable(thrown.getCause()), Stream.of(thrown.getSuppressed()))
        .findFirst()
        .map(Sentences::cause)
        .orElse(thrown);
  }

  private Optional<Sentence> find(TestIdentifier test) {
    return Optional.ofNullable(sentences.get(test.getUniqueId()));
  }

  /** A test, or those of a container that have not run. */
  private Stream<Sentence> below(TestIdentifier test) {
    Optional<Sentence> itself = find(test);
    return itself.isPresent()
        ? itself.stream()
        : plan.stream()
            .flatMap(known -> known.getDescendants(test).stream())
            .flatMap(descendant -> find(descendant).stream())
            .filter(sentence -> sentence.result() == Result.NOT_RUN);
  }

  // ---- what is written ----

  private void write() {
    if (folder == null) {
      return;
    }
    try {
      Files.createDirectories(folder);
      write(folder.resolve("sentences.txt"), table());
      write(folder.resolve("sentences.json"), json());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** So that nobody reads a half of it. */
  private static void write(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.writeString(next, text);
    Path _ =
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private long count(Result result) {
    return sentences.values().stream().filter(sentence -> sentence.result() == result).count();
  }

  private String table() {
    String totals =
        Stream.of(Result.values())
            .filter(result -> result != Result.NOT_RUN || count(result) > 0)
            .map(result -> count(result) + " " + result)
            .collect(Collectors.joining(", "));
    return sentences.values().stream()
        .map(Sentence::lines)
        .collect(Collectors.joining("", "result  seconds  sentence\n", totals + "\n"));
  }

  private String json() {
    JsonArrayBuilder all = Json.createArrayBuilder();
    sentences.values().forEach(sentence -> all.add(json(sentence)));
    JsonObjectBuilder report =
        Json.createObjectBuilder().add("started", started.toString()).add("sentences", all);
    for (Result result : Result.values()) {
      report.add(result.toString(), count(result));
    }
    StringWriter text = new StringWriter();
    try (JsonWriter writer =
        Json.createWriterFactory(Map.of(JsonGenerator.PRETTY_PRINTING, true)).createWriter(text)) {
      writer.writeObject(report.build());
    }
    return text.append('\n').toString();
  }

  private static JsonObjectBuilder json(Sentence sentence) {
    JsonObjectBuilder figures = Json.createObjectBuilder();
    sentence
        .figures()
        .forEach((name, value) -> {
          if (value.matches("-?\\d+(\\.\\d+)?")) {
            figures.add(name, new BigDecimal(value));
          } else {
            figures.add(name, value);
          }
        });
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("test", sentence.test())
            .add("sentence", sentence.text())
            .add("result", sentence.result().toString())
            .add(
                "seconds", BigDecimal.valueOf(sentence.seconds()).setScale(1, RoundingMode.HALF_UP))
            .add("figures", figures);
    return sentence.reason() == null ? json : json.add("reason", sentence.reason());
  }
}
