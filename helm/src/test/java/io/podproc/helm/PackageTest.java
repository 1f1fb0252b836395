// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Packs the chart to {@code helm/target/podproc-VERSION.tgz}; or tests the package that {@code
 * -Dchart.archive} names, which deploy/release makes.
 */
class PackageTest {
  private static final JsonNode CHART = Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml"));

  static Path archive(String version) {
    return Path.of("target", "podproc-" + version + ".tgz");
  }

  @Test
  void thePackageRendersAsTheDirectoryDoes() throws IOException {
    String given = System.getProperty("chart.archive");
    Path archive = given != null ? Path.of(given) : archive(CHART.path("version").asText());
    if (given == null) {
      Files.deleteIfExists(archive);
      new Helm(Chart.DIRECTORY).packageIt().withDestination(Path.of("target")).call();
    }

    assertThat(archive).isNotEmptyFile();
    String packed =
        Helm.template(archive.toString())
            .withName("podproc")
            .withNamespace(Chart.NAMESPACE)
            .withKubeVersion(Chart.KUBERNETES.getLast())
            .call();
    assertThat(packed)
        .isEqualTo(
            new Helm(Chart.DIRECTORY)
                .template()
                .withName("podproc")
                .withNamespace(Chart.NAMESPACE)
                .withKubeVersion(Chart.KUBERNETES.getLast())
                .call());
  }

  /** The version lives in pom.xml; what else names it must name the same. */
  @Test
  void whatIsPulledIsWhatTheBuildMakes() {
    List<String> made = ImageBuild.list("--prefix", "localhost");

    List<KubernetesObject> chart = Chart.render(Chart.DEFAULTS);
    String tests = Chart.image(Chart.values().at("/tests/image"));
    assertThat(Chart.images(chart)).contains(tests);
    assertThat(Chart.images(chart).stream().filter(image -> !image.equals(tests)))
        .extracting(image -> "localhost/" + image)
        .containsExactlyInAnyOrderElementsOf(made);
    assertThat(Chart.images(Chart.objects(Settings.text(DeployTest.DEPLOY))))
        .extracting(image -> "localhost/" + image)
        .containsExactlyInAnyOrderElementsOf(made);
    assertThat(
            Yaml.documents("images:\n" + CHART.at("/annotations/artifacthub.io~1images").asText())
                .getFirst()
                .findValuesAsText("image"))
        .extracting(image -> "localhost/" + image)
        .containsExactlyInAnyOrderElementsOf(made);
    assertThat(CHART.path("version")).isEqualTo(CHART.path("appVersion"));
  }
}
