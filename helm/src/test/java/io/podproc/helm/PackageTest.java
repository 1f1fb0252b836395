// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Packs the chart to {@code helm/target/podproc-VERSION.tgz}; or tests the package that {@code
 * -Dchart.archive} names, which deploy/release makes for the registry {@code -Dchart.registry}.
 */
class PackageTest {
  private static final JsonNode CHART = Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml"));

  static Path archive(String version) {
    return Path.of("target", "podproc-" + version + ".tgz");
  }

  private static final Optional<Path> GIVEN =
      Optional.ofNullable(System.getProperty("chart.archive")).map(Path::of);
  private static final String REGISTRY =
      GIVEN.isEmpty() ? StandInCluster.REGISTRY : System.getProperty("chart.registry", "");

  /** The one given, or as the build packs it. */
  private static Path packed() throws IOException {
    if (GIVEN.isPresent()) {
      return GIVEN.get();
    }
    Path archive = archive(CHART.path("version").asText());
    Files.deleteIfExists(archive);
    new Helm(Chart.DIRECTORY).packageIt().withDestination(Path.of("target")).call();
    assertThat(archive).isNotEmptyFile();
    return archive;
  }

  private static Path unpacked(Path archive, Path folder) {
    String _ = Subprocess.run(List.of("tar", "-C", folder.toString(), "-xzf", archive.toString()));
    return folder.resolve("podproc");
  }

  private static String rendered(TemplateCommand command, String registry) {
    for (String image : registry.isEmpty() ? List.<String>of() : List.of("daemon", "webhook")) {
      TemplateCommand _ = command.set(image + ".image.registry", registry);
    }
    return command
        .withName("podproc")
        .withNamespace(Chart.NAMESPACE)
        .withKubeVersion(Chart.KUBERNETES.getLast())
        .call();
  }

  @Test
  void thePackageRendersAsTheDirectoryDoes() throws IOException {
    assertThat(rendered(Helm.template(packed().toString()), ""))
        .isEqualTo(
            rendered(new Helm(Chart.DIRECTORY).template(), GIVEN.isPresent() ? REGISTRY : ""));
  }

  /** Whoever installs a release's chart sets nothing, and reads it where it is shown. */
  @Test
  void aReleasesChartNamesItsRegistryAndPagesThatThereAre(@TempDir Path folder) throws IOException {
    Path chart = unpacked(packed(), folder);
    if (GIVEN.isEmpty()) {
      String _ = Subprocess.run(List.of("../deploy/chart", chart.toString(), REGISTRY));
    }

    String prefix = REGISTRY.isEmpty() ? "" : REGISTRY + "/";
    List<String> images =
        ImageBuild.list("--prefix", "localhost").stream()
            .map(image -> image.replace("localhost/", prefix))
            .toList();
    String rendered = rendered(new Helm(chart).template(), "");
    assertThat(rendered).isEqualTo(rendered(new Helm(Chart.DIRECTORY).template(), REGISTRY));
    assertThat(rendered.lines().map(String::strip))
        .containsAll(images.stream().map(image -> "image: " + image).toList());
    JsonNode described = Yaml.read(chart.resolve("Chart.yaml"));
    assertThat(annotated(described)).containsExactlyInAnyOrderElementsOf(images);

    String pages =
        described.path("sources").path(0).asText()
            + "/blob/v"
            + CHART.path("version").asText()
            + "/";
    List<String> links =
        Stream.of("README.md", "UPGRADING.md")
            .flatMap(document -> LINK.matcher(Settings.text(chart.resolve(document))).results())
            .map(link -> link.group(1))
            .toList();
    assertThat(links)
        .isNotEmpty()
        .allSatisfy(link -> {
          assertThat(link).startsWith(pages);
          assertThat(Readme.ROOT.resolve(link.substring(pages.length()))).exists();
        });
    assertThat(Settings.text(chart.resolve("README.md")))
        .contains("| `daemon.image.registry` | `\"" + REGISTRY + "\"` |")
        .contains("| `webhook.image.registry` | `\"" + REGISTRY + "\"` |");
  }

  /** Those that lead to another page. */
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)\\s]+)?\\)");

  private static List<String> annotated(JsonNode chart) {
    return Yaml.documents("images:\n" + chart.at("/annotations/artifacthub.io~1images").asText())
        .getFirst()
        .findValuesAsText("image");
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
    assertThat(annotated(CHART))
        .extracting(image -> "localhost/" + image)
        .containsExactlyInAnyOrderElementsOf(made);
    assertThat(CHART.path("version")).isEqualTo(CHART.path("appVersion"));
  }
}
