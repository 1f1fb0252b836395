// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The plain manifests are what the build makes, and install what the chart installs. */
class DeployTest {
  static final Path DEPLOY = Path.of("../deploy/podproc.yaml");
  private static final Path QUARKUS = Path.of("../webhook/target/kubernetes/kubernetes.yml");

  private static final String HEADER =
      """
      # podproc for a cluster without Helm. Made by the build, which also checks it:
      #   mvn -pl webhook,helm package -Ddeploy.update=true
      # For other settings than the defaults use the chart, helm/podproc.
      """;

  private static List<KubernetesObject> chart() {
    return Chart.objects(
        Chart.text(Chart.DEFAULTS, Manifests.NAMESPACE, Chart.KUBERNETES.getLast()));
  }

  private static List<KubernetesObject> deployed() {
    return Chart.objects(Settings.text(DEPLOY));
  }

  private static List<KubernetesObject> quarkus() {
    assumeThat(QUARKUS).as("mvn -pl webhook,helm package makes it").exists();
    return Chart.objects(Settings.text(QUARKUS));
  }

  private static String made() throws IOException {
    StringBuilder text = new StringBuilder(HEADER);
    for (ObjectNode manifest : Manifests.of(chart(), quarkus())) {
      text.append("---\n").append(Yaml.MAPPER.writeValueAsString(manifest));
    }
    return text.toString();
  }

  @BeforeAll
  static void update() throws IOException {
    if (Boolean.getBoolean("deploy.update")) {
      Files.writeString(DEPLOY, made());
    }
  }

  @Test
  void theyAreWhatTheBuildMakes() throws IOException {
    assertThat(Settings.text(DEPLOY))
        .as("run mvn -pl webhook,helm package -Ddeploy.update=true")
        .isEqualTo(made());
  }

  /** quarkus-kubernetes describes the webhook, and more than its name. */
  @Test
  void quarkusDescribesTheWebhook() {
    assertThat(quarkus())
        .extracting(KubernetesObject::id)
        .containsExactlyInAnyOrder(
            "ServiceAccount podproc/podproc-webhook",
            "Service podproc/podproc-webhook",
            "Deployment podproc/podproc-webhook",
            "ClusterRole podproc-webhook",
            "ClusterRoleBinding podproc-webhook",
            "Role podproc/podproc-webhook",
            "RoleBinding podproc/podproc-webhook");
  }

  @Test
  void everyObjectIsValid() {
    assertThat(deployed())
        .isNotEmpty()
        .allSatisfy(object -> assertThat(StrictSchema.problem(object.json())).isEmpty());
  }

  /** But for Helm's own labels, and the test that Helm starts. */
  @Test
  void theyInstallWhatTheChartInstalls() {
    Map<String, JsonNode> expected = new TreeMap<>();
    for (KubernetesObject object : chart()) {
      if (!object.kind().equals("Pod")) {
        ObjectNode json = object.json().deepCopy();
        ((ObjectNode) json.at("/metadata/labels"))
            .remove(List.of("helm.sh/chart", "app.kubernetes.io/managed-by"));
        expected.put(object.id(), withoutDefaults(json));
      }
    }
    Map<String, JsonNode> actual = new TreeMap<>();
    deployed().forEach(object -> actual.put(object.id(), withoutDefaults(object.json())));
    JsonNode namespace = actual.remove("Namespace podproc");

    assertThat(namespace).isNotNull();
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((id, object) -> assertThat(actual.get(id)).as(id).isEqualTo(object));
  }

  private static final Map<String, Set<String>> DEFAULTS =
      Map.of(
          "scheme", Set.of("HTTP"),
          "successThreshold", Set.of("1"),
          "initialDelaySeconds", Set.of("0"),
          "timeoutSeconds", Set.of("1"),
          "readOnly", Set.of("false"));

  /** Names of ports, as the numbers they stand for, and no field that says what is so anyway. */
  private static JsonNode withoutDefaults(JsonNode object) {
    JsonNode copy = object.deepCopy();
    Map<String, Integer> ports =
        Map.of("https", 8443, "management", 9465, "http", 9464, "probes", 9463);
    for (String field : List.of("port", "targetPort")) {
      for (JsonNode parent : copy.findParents(field)) {
        Integer number = ports.get(parent.path(field).asText());
        if (number != null) {
          ((ObjectNode) parent).put(field, number);
        }
      }
    }
    DEFAULTS.forEach((field, values) -> {
      for (JsonNode parent : copy.findParents(field)) {
        if (values.contains(parent.path(field).asText())) {
          ((ObjectNode) parent).remove(field);
        }
      }
    });
    return copy;
  }

  /** What a reader of the manifests, too, must be able to rely on. */
  @Test
  void theyComeInAnOrderThatApplies() {
    assertThat(deployed().getFirst().id()).isEqualTo("Namespace podproc");
    assertThat(deployed().stream().map(KubernetesObject::namespace))
        .containsOnly("", Manifests.NAMESPACE);
    assertThat(Settings.text(DEPLOY)).doesNotContain(": Helm", "helm.sh", "quarkus.io");
  }
}
