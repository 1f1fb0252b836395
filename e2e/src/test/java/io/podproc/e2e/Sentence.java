// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestIdentifier;

/** A test, and what came of it. */
final class Sentence {
  enum Result {
    PASSED,
    FAILED,
    SKIPPED,
    NOT_RUN;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  private final String test;
  private final String text;
  private final Map<String, String> figures = new LinkedHashMap<>();
  private Result result = Result.NOT_RUN;
  private long startedNanos;
  private double seconds;
  private @Nullable String reason;

  private Sentence(String test, String text) {
    this.test = test;
    this.text = text;
  }

  /** Of a test that has not run yet. */
  static Sentence of(MethodSource source, TestIdentifier identifier) {
    String type = source.getClassName().replaceFirst(".*[.$]", "");
    return new Sentence(
        type + "#" + source.getMethodName(),
        english(type.replaceFirst("(E2E|IT)$", "").replaceAll("(?<=[a-z])(?=[A-Z])", " "))
            + ": "
            + words(source.getMethodName())
            + invocation(identifier));
  }

  /** What is no test of its own. */
  static Sentence failed(String text, Throwable why) {
    Sentence sentence = new Sentence("", text);
    sentence.end(Result.FAILED, why.toString());
    return sentence;
  }

  private static String words(String name) {
    return name.replace('_', ' ').replaceAll(" s(?= )", "'s");
  }

  private static String english(String name) {
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  /** Which of the invocations of a parameterized test, as "[1] baseline"; empty where it's one. */
  private static String invocation(TestIdentifier identifier) {
    String name = identifier.getDisplayName();
    return name.startsWith("[") ? " " + name : "";
  }

  void start() {
    startedNanos = System.nanoTime();
  }

  void end(Result result, @Nullable String reason) {
    this.result = result;
    this.reason = reason;
    seconds = startedNanos == 0 ? 0 : (System.nanoTime() - startedNanos) / 1e9;
  }

  void add(Map<String, String> figures) {
    this.figures.putAll(figures);
  }

  /** CLASS#METHOD; empty where it is no test of its own. */
  String test() {
    return test;
  }

  String text() {
    return text;
  }

  Result result() {
    return result;
  }

  double seconds() {
    return seconds;
  }

  /** Why it failed or was skipped. */
  @Nullable String reason() {
    return reason;
  }

  /** By name and unit, as tests told them. */
  Map<String, String> figures() {
    return figures;
  }

  /** As one line, of 160 characters at most. */
  private static String shortened(String reason) {
    String line = reason.strip().replaceAll("\\s+", " ");
    return line.length() <= 160 ? line : line.substring(0, 159) + "…";
  }

  /** Its lines in a table. */
  String lines() {
    String line = String.format(Locale.ROOT, "%-7s %7.1f  %s%n", result, seconds, text);
    if (!figures.isEmpty()) {
      line +=
          figures.entrySet().stream()
              .map(figure -> figure.getKey() + " " + figure.getValue())
              .collect(Collectors.joining(", ", " ".repeat(19), "\n"));
    }
    return reason == null ? line : line + " ".repeat(19) + shortened(reason) + "\n";
  }
}
