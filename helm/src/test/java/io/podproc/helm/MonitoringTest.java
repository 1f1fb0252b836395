// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Alerts and dashboard ask for what the programs measure. */
class MonitoringTest {
  private static final Path VALUES = Chart.DIRECTORY.resolve("ci/monitoring-values.yaml");

  private static final Pattern METER =
      Pattern.compile(
          "(Counter|FunctionCounter|Timer|Gauge|MultiGauge|TimeGauge|DistributionSummary)\\s*\\.builder\\(\\s*\"(podproc[^\"]*)\"");
  private static final Pattern NAME = Pattern.compile("\\b(podproc_[a-z_]+)\\b");
  private static final Pattern WORD = Pattern.compile("\\b([a-zA-Z_]+)\\b(?=\\{| *\\()");

  /** The names by which Prometheus knows the meters that a module's source builds. */
  private static Set<String> measured(Path module) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.walk(module.resolve("src/main/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        for (MatchResult meter : METER.matcher(Files.readString(file)).results().toList()) {
          String name = meter.group(2).replaceAll("[.-]", "_");
          switch (meter.group(1)) {
            case "Counter", "FunctionCounter" ->
                names.add(name.endsWith("_total") ? name : name + "_total");
            case "Timer" -> addAll(names, name.replaceFirst("_seconds$", "") + "_seconds");
            case "DistributionSummary" -> addAll(names, name);
            default -> names.addAll(List.of(name, name + "_seconds"));
          }
        }
      }
    }
    return names;
  }

  private static void addAll(Set<String> names, String name) {
    for (String suffix : List.of("_count", "_sum", "_max", "_bucket")) {
      names.add(name + suffix);
    }
  }

  private static List<KubernetesObject> objects() {
    return Chart.render(VALUES);
  }

  private static List<JsonNode> alerts(String group) {
    for (JsonNode each :
        KubernetesObject.only(objects(), "PrometheusRule").json().at("/spec/groups")) {
      if (each.path("name").asText().equals(group)) {
        return each.path("rules").findParents("alert");
      }
    }
    throw new AssertionError("no group " + group);
  }

  private static JsonNode dashboard() throws IOException {
    return Yaml.MAPPER.readTree(
        KubernetesObject.only(objects(), "ConfigMap").json().at("/data/podproc.json").asText());
  }

  /** The expressions of a row of the dashboard. */
  private static List<String> row(String title) throws IOException {
    boolean within = false;
    Stream.Builder<String> expressions = Stream.builder();
    for (JsonNode panel : dashboard().path("panels")) {
      if (panel.path("type").asText().equals("row")) {
        within = panel.path("title").asText().equals(title);
      } else if (within) {
        panel.findValuesAsText("expr").forEach(expressions::add);
      }
    }
    return expressions.build().toList();
  }

  private static Set<String> asked(Collection<String> expressions) {
    Set<String> names = new TreeSet<>();
    for (String expression : expressions) {
      NAME.matcher(expression).results().forEach(name -> names.add(name.group(1)));
    }
    return names;
  }

  @ParameterizedTest
  @CsvSource({"daemon, Daemon", "webhook, Webhook"})
  void onlyMeasuredMetricsAreAskedFor(String program, String row) throws IOException {
    Set<String> measured = measured(program.equals("daemon") ? Settings.DAEMON : Settings.WEBHOOK);
    assumeThat(measured).as("meters of the %s", program).isNotEmpty();

    assertThat(
            asked(alerts("podproc-" + program).stream().map(a -> a.path("expr").asText()).toList()))
        .isNotEmpty()
        .isSubsetOf(measured);
    assertThat(asked(row(row))).isNotEmpty().isSubsetOf(measured);
  }

  /** Of other makers' metrics only Prometheus's own "up", and functions. */
  @Test
  void nothingElseIsAskedFor() throws IOException {
    List<String> expressions =
        Stream.of(
                Stream.of("podproc-daemon", "podproc-webhook")
                    .flatMap(group -> alerts(group).stream())
                    .map(alert -> alert.path("expr").asText()),
                row("Daemon").stream(),
                row("Webhook").stream())
            .flatMap(s -> s)
            .toList();
    Set<String> words = new TreeSet<>();
    for (String expression : expressions) {
      WORD.matcher(expression).results().forEach(word -> words.add(word.group(1)));
      assertThat(expression).contains("namespace=\"");
      assertThat(Set.of('(', '{', '['))
          .allSatisfy(open ->
              assertThat(expression.chars().filter(c -> c == open).count())
                  .isEqualTo(
                      expression
                          .chars()
                          .filter(c -> c == ")}]".charAt("({[".indexOf(open)))
                          .count()));
    }
    words.removeIf(word -> word.startsWith("podproc_"));
    assertThat(words)
        .isSubsetOf(
            "up",
            "absent",
            "sum",
            "min",
            "max",
            "count",
            "rate",
            "by",
            "time",
            "histogram_quantile",
            "label_values");
  }

  @Test
  void everyAlertSaysWhatAndHowBad() {
    Stream.of("podproc-daemon", "podproc-webhook")
        .flatMap(group -> alerts(group).stream())
        .forEach(alert -> {
          assertThat(alert.path("alert").asText()).startsWith("Podproc");
          assertThat(alert.at("/labels/severity").asText()).isIn("warning", "critical");
          assertThat(alert.at("/annotations/summary").asText()).isNotEmpty();
          assertThat(alert.path("for").asText()).matches("[0-9]+[mh]");
        });
  }

  @Test
  void panelsDoNotOverlap() throws IOException {
    Set<String> cells = new TreeSet<>();
    for (JsonNode panel : dashboard().path("panels")) {
      JsonNode at = panel.path("gridPos");
      assertThat(at.path("x").asInt() + at.path("w").asInt()).isLessThanOrEqualTo(24);
      for (int x = at.path("x").asInt(); x < at.path("x").asInt() + at.path("w").asInt(); x++) {
        for (int y = at.path("y").asInt(); y < at.path("y").asInt() + at.path("h").asInt(); y++) {
          assertThat(cells.add(x + "," + y)).as(panel.path("title").asText()).isTrue();
        }
      }
    }
  }

  @Test
  void monitorsScrapeThePortsThatHaveMetrics() {
    assertThat(
            KubernetesObject.only(objects(), "ServiceMonitor").json().at("/spec/endpoints/0/path"))
        .hasToString("\"/q/metrics\"");
    assertThat(
            KubernetesObject.only(objects(), "PodMonitor")
                .json()
                .at("/spec/podMetricsEndpoints/0/port"))
        .hasToString("\"http\"");
    assertThat(
            KubernetesObject.only(objects(), "ServiceMonitor")
                .json()
                .at("/metadata/labels/release"))
        .hasToString("\"prometheus\"");
  }
}
