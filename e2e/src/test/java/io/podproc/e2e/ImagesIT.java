// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What settings of the suite on a cluster name is what the chart and the pods ask for. */
class ImagesIT {
  private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

  @TempDir Path folder;

  private Set<String> rendered(Map<String, String> settings) throws IOException {
    Images images = new Images(settings);
    Path values = folder.resolve("values.yaml");
    Files.writeString(values, Serialization.asYaml(Cluster.values(images, "tests", "E2E_")));
    String text =
        new Helm(Machine.checkout().resolve("helm/podproc"))
            .template()
            .withKubeVersion("1.30.0")
            .withName("podproc")
            .withValuesFile(values)
            .call();
    Set<String> found = new TreeSet<>();
    Pattern.compile("^ *image: \"?([^\"\\n]+)\"?\\n *imagePullPolicy: (\\S+)", Pattern.MULTILINE)
        .matcher(text)
        .results()
        .forEach(match -> found.add(match.group(1) + " " + match.group(2)));
    return found;
  }

  @Test
  void each_by_its_name_with_port_tag_or_digest() throws IOException {
    assertThat(
            rendered(
                Map.of(
                    "E2E_DAEMON_IMAGE", "registry.example:5000/a/daemon:1.2",
                    "E2E_WEBHOOK_IMAGE", "registry.example:5000/webhook@" + DIGEST,
                    "E2E_PULL_POLICY", "Never",
                    "E2E_REGISTRY", "not.used")))
        .containsExactlyInAnyOrder(
            "registry.example:5000/a/daemon:1.2 Never",
            "registry.example:5000/webhook@" + DIGEST + " Never");
  }

  @Test
  void of_a_registry_where_they_are_not_named() throws IOException {
    assertThat(rendered(Map.of("E2E_REGISTRY", "registry.example/podproc")))
        .hasSize(2)
        .anyMatch(image -> image.startsWith("registry.example/podproc/podproc-daemon:"))
        .anyMatch(image -> image.startsWith("registry.example/podproc/podproc-webhook:"))
        .allMatch(image -> image.endsWith(" IfNotPresent"));
  }

  /** Helm does not render tests. */
  @Test
  void that_of_the_chart_s_test_is_that_of_pods() {
    assertThat(new Images(Map.of("E2E_POD_IMAGE", "localhost:5000/tools")).ofTests())
        .isEqualTo(
            Map.of(
                "registry", "localhost:5000",
                "repository", "tools",
                "tag", "latest",
                "pullPolicy", "IfNotPresent"));
    assertThat(new Images(Map.of("E2E_REGISTRY", "registry.example/podproc")).ofTests())
        .containsEntry("registry", "registry.example")
        .containsEntry("repository", "podproc/ubuntu")
        .containsEntry("tag", "24.04");
  }

  @Test
  void pods_of_the_suite_pull_as_they_are_told() {
    Images images = new Images(Map.of("E2E_POD_IMAGE", "tools:1", "E2E_PULL_POLICY", "Never"));
    for (String manifest : Set.of("limited", "init-and-sidecar", "sweep", "reading")) {
      Pod pod = Cluster.manifest(images, manifest, Pod.class);
      assertThat(pod.getSpec().getContainers())
          .allSatisfy(container -> {
            assertThat(container.getImage()).isEqualTo("tools:1");
            assertThat(container.getImagePullPolicy()).isEqualTo("Never");
          });
    }
  }
}
