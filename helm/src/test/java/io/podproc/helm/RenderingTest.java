// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Helm lints and renders the chart, for every file of values in ci, into objects that are valid.
 */
class RenderingTest {
  static List<Path> ci() {
    return Chart.ci();
  }

  static Stream<Arguments> ciOnKubernetes() {
    return Chart.ci().stream()
        .flatMap(values -> Chart.KUBERNETES.stream().map(v -> Arguments.of(values, v)));
  }

  @ParameterizedTest
  @MethodSource("ciOnKubernetes")
  void everyObjectIsValid(Path values, String kubernetes) {
    List<KubernetesObject> objects = Chart.render(values, kubernetes);

    assertThat(objects)
        .isNotEmpty()
        .allSatisfy(object -> assertThat(StrictSchema.problem(object.json())).isEmpty());
    assertThat(objects).extracting(KubernetesObject::id).doesNotHaveDuplicates();
  }

  /** Helm's lint as a library takes no values: they are put into a copy of the chart. */
  @ParameterizedTest
  @MethodSource("ci")
  void lintFindsNothing(Path values, @TempDir Path directory) throws IOException {
    Path copy = Chart.copy(directory);
    ObjectNode merged = (ObjectNode) Chart.values();
    merge(merged, Yaml.read(values));
    Files.writeString(copy.resolve("values.yaml"), Yaml.MAPPER.writeValueAsString(merged));

    LintResult result = new Helm(copy).lint().strict().call();

    assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    assertThat(result.getMessages()).containsExactly("[INFO] Chart.yaml: icon is recommended");
  }

  /** As Helm does: null takes a value away. */
  private static void merge(ObjectNode values, JsonNode over) {
    over.properties()
        .forEach(entry -> {
          if (entry.getValue().isNull()) {
            values.remove(entry.getKey());
          } else if (values.get(entry.getKey()) instanceof ObjectNode below
              && entry.getValue().isObject()) {
            merge(below, entry.getValue());
          } else {
            values.set(entry.getKey(), entry.getValue());
          }
        });
  }

  @Test
  void anOlderKubernetesIsRefused() {
    assertThatThrownBy(() -> Chart.render(Chart.DEFAULTS, "1.29.9")).hasMessageContaining("1.30");
  }

  @Test
  void withoutTheWebhookThereIsNothingOfIt() {
    assertThat(Chart.render(Chart.DIRECTORY.resolve("ci/no-webhook-values.yaml")))
        .extracting(KubernetesObject::id)
        .noneMatch(id -> id.toLowerCase(Locale.ROOT).contains("webhook"))
        .noneMatch(id -> id.matches("(Secret|Lease|Service|Certificate|Issuer|Deployment) .*"))
        .contains("DaemonSet podproc-system/podproc-daemon", "Pod default/podproc-test");
  }

  /** They would be written again and again by whoever applies the chart and whoever fills them. */
  @Test
  void whatTheWebhookFillsIsEmptyInTheChart() {
    List<KubernetesObject> objects = Chart.render(Chart.DEFAULTS);

    JsonNode secret = KubernetesObject.only(objects, "Secret").json();
    assertThat(secret.has("data") || secret.has("stringData")).isFalse();
    assertThat(KubernetesObject.only(objects, "Lease").json().has("spec")).isFalse();
    assertThat(KubernetesObject.only(objects, "MutatingWebhookConfiguration").json().toString())
        .doesNotContain("caBundle");
  }

  @Test
  void theNotesTellWhatToDoNext() {
    String notes =
        new Helm(Chart.DIRECTORY)
            .install()
            .clientOnly()
            .dryRun()
            .withKubeVersion(Chart.KUBERNETES.getLast())
            .withName("podproc")
            .withNamespace("somewhere")
            .call()
            .getOutput();

    assertThat(notes)
        .contains("kubectl label namespace NAMESPACE podproc.io/inject=enabled")
        .contains("helm test podproc -n somewhere")
        .contains("pod-security.kubernetes.io/enforce=privileged");
  }

  @Test
  void aRenderingIsTheSameTwice() {
    for (Path values : Chart.ci()) {
      assertThat(Chart.text(values, "a", "1.36.0")).isEqualTo(Chart.text(values, "a", "1.36.0"));
    }
  }
}
