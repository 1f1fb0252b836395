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

/** Packs the chart to {@code helm/target/podproc-VERSION.tgz}. */
class PackageTest {
  private static final JsonNode CHART = Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml"));

  @Test
  void thePackageRendersAsTheDirectoryDoes() throws IOException {
    Path archive = Path.of("target", "podproc-" + CHART.path("version").asText() + ".tgz");
    Files.deleteIfExists(archive);

    new Helm(Chart.DIRECTORY).packageIt().withDestination(Path.of("target")).call();

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

  @Test
  void theChartIsOfTheBuildsVersion() {
    String pom = Settings.text(Path.of("../pom.xml"));
    String version = CHART.path("appVersion").asText();
    assertThat(pom).containsPattern("<version>" + version + "(-SNAPSHOT)?</version>");
    for (JsonNode image :
        Yaml.documents("images:\n" + CHART.at("/annotations/artifacthub.io~1images").asText())
            .getFirst()
            .path("images")) {
      assertThat(image.path("image").asText()).endsWith(":" + version);
    }
    assertThat(
            Chart.render(Chart.DEFAULTS).stream()
                .filter(o -> List.of("Deployment", "DaemonSet").contains(o.kind())))
        .allSatisfy(o ->
            assertThat(o.podSpec().orElseThrow().at("/containers/0/image").asText())
                .isEqualTo(o.name().replace("keeper", "daemon") + ":" + version));
  }
}
