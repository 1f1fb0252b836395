// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The chart's settings are those of the programs: same names, same defaults, all of them. */
class SettingsTest {
  /** What the chart itself derives, from its names and mounts. */
  private static final Map<String, Set<String>> DERIVED =
      Map.of(
          "daemon",
              Set.of(
                  "mountPoint",
                  "nodeName",
                  "nodeLabel",
                  "nodeDelivery",
                  "deliveryNamespaces",
                  "namespace",
                  "runDirectory",
                  "daemonSet",
                  "httpPort",
                  "probePort",
                  "uiPort",
                  "userNamespaces"),
          "webhook",
              Set.of(
                  "mountPoint",
                  "namespace",
                  "nodeDelivery",
                  "webhookConfiguration",
                  "service",
                  "certificateSource",
                  "certificateDirectory",
                  "certificateSecret",
                  "certificateLease",
                  "clientAuthorities"));

  /** What has one right value in the daemon's container. */
  private static final Set<String> ABSENT =
      Set.of("procRoot", "sysRoot", "cgroupRoot", "podLogs", "httpAddress");

  static List<Path> ci() {
    return Chart.ci();
  }

  private static Path module(String program) {
    return program.equals("daemon") ? Settings.DAEMON : Settings.WEBHOOK;
  }

  private static KubernetesObject workload(String program, Path values) {
    return KubernetesObject.only(
        Chart.render(values), program.equals("daemon") ? "DaemonSet" : "Deployment", "-" + program);
  }

  @ParameterizedTest
  @CsvSource({"daemon", "webhook"})
  void everySettingIsAValueWithItsDefault(String program) {
    Map<String, String> settings = Settings.of(module(program));
    JsonNode values = Chart.values().path(program).path("settings");

    Set<String> expected = new TreeSet<>(settings.keySet());
    expected.removeAll(DERIVED.getOrDefault(program, Set.of()));
    expected.removeAll(ABSENT);
    assertThat(values.properties()).extracting(Map.Entry::getKey).hasSameElementsAs(expected);
    values
        .properties()
        .forEach(value -> {
          if (value.getValue().isArray()) {
            assertThat(value.getValue()).as("the program's own list").isEmpty();
          } else {
            assertThat(value.getValue().asText())
                .as(value.getKey())
                .isEqualTo(settings.get(value.getKey()));
          }
        });
  }

  @ParameterizedTest
  @MethodSource("ci")
  void everyVariableIsOneThatTheProgramKnows(Path values) {
    for (KubernetesObject object : Chart.render(values)) {
      if (!object.podLabels().isMissingNode()) {
        String program = object.json().at("/spec/template/spec/containers/0/name").asText();
        if (program.equals("keeper")) {
          assertThat(object.environment()).isEmpty();
          continue;
        }
        Set<String> known = new TreeSet<>(Settings.environment(module(program)));
        known.add("TZ"); // from extraEnv
        assertThat(object.environment().keySet()).isSubsetOf(known);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"daemon", "webhook"})
  void everySettingReachesTheProgram(String program) {
    Path file = Chart.DIRECTORY.resolve("ci/settings-values.yaml");
    JsonNode settings = Yaml.read(file).path(program).path("settings");
    Map<String, String> environment = workload(program, file).environment();
    Map<String, String> defaults = Settings.of(module(program));

    assertThat(settings.properties())
        .extracting(Map.Entry::getKey)
        .hasSameElementsAs(fieldNames(Chart.values().path(program).path("settings")));
    settings
        .properties()
        .forEach(setting -> {
          String text =
              setting.getValue().isArray()
                  ? String.join(
                      ",",
                      StreamSupport.stream(setting.getValue().spliterator(), false)
                          .map(JsonNode::asText)
                          .toList())
                  : setting.getValue().asText();
          assertThat(text).isNotEqualTo(defaults.get(setting.getKey()));
          assertThat(environment).containsEntry(Settings.environmentName(setting.getKey()), text);
        });
    assertThat(environment).containsEntry("TZ", "UTC");
  }

  /** The daemon knows for how long, and lets it come before what the chart gives. */
  @Test
  void aFormerNameReachesTheDaemon(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("values.yaml");
    Files.writeString(file, "{daemon: {settings: {seeds: false, repairSeeds: false}}}");
    assertThat(workload("daemon", file).environment())
        .containsEntry("PODPROC_SEEDS", "false")
        .containsEntry("PODPROC_REPAIR_SEEDS", "false");
  }

  private static Set<String> fieldNames(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Empty lists are the program's own defaults, not none at all. */
  @Test
  void emptyListsAreNotPassedOn() {
    assertThat(workload("webhook", Chart.DEFAULTS).environment())
        .doesNotContainKeys("PODPROC_FILES", "PODPROC_SKIP_RUNTIME_CLASSES");
  }

  @ParameterizedTest
  @CsvSource({
    "daemon, cpuPolicy, CpuPolicy.java",
    "webhook, defaultPodSecurity, PodSecurityLevel.java",
  })
  void choicesAreThoseOfTheProgram(String program, String setting, String source)
      throws IOException {
    String body;
    try (Stream<Path> files = Files.walk(module(program).resolve("src/main/java"))) {
      Path file = files.filter(f -> f.endsWith(source)).findAny().orElseThrow();
      body = Files.readString(file).replaceAll("(?s)/\\*.*?\\*/", "");
    }
    body = body.substring(body.indexOf('{') + 1, body.lastIndexOf('}')).replaceAll("//.*", "");
    Stream<String> constants =
        Arrays.stream(Pattern.compile("[,;]").split(body.strip()))
            .map(String::strip)
            .takeWhile(constant -> constant.matches("[A-Z_]+"))
            .map(constant -> constant.toLowerCase(Locale.ROOT));
    JsonNode schema =
        Yaml.read(Chart.DIRECTORY.resolve("values.schema.json"))
            .at("/properties/" + program + "/properties/settings/properties/" + setting + "/enum");

    assertThat(StreamSupport.stream(schema.spliterator(), false).map(JsonNode::asText))
        .hasSameElementsAs(constants.toList());
  }
}
