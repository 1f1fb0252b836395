// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** helm, as far as our documents use it. It is Helm itself that renders. */
@Command(name = "helm")
final class HelmProgram {
  /** Has podproc's images come from the registry that nodes reach. */
  static final String IMAGES =
      "daemon.image.registry=%1$s,webhook.image.registry=%1$s".formatted(StandInCluster.REGISTRY);

  private final StandInCluster cluster;
  private final Path folder;

  @Option(
      names = {"-n", "--namespace"},
      scope = ScopeType.INHERIT)
  private String namespace = "default";

  HelmProgram(StandInCluster cluster, Path folder) {
    this.cluster = cluster;
    this.folder = folder;
  }

  /**
   * What --set makes of its texts: all are values that the chart has.
   *
   * @param settings as {@code a.b=c,d.e=f}
   */
  static ObjectNode values(List<String> settings) {
    ObjectNode values = Yaml.MAPPER.createObjectNode();
    for (String setting : String.join(",", settings).split(",", -1)) {
      if (setting.isEmpty()) {
        continue;
      }
      String[] words = setting.split("=", 2);
      String path = "/" + words[0].replace('.', '/');
      if (words.length != 2 || Chart.values().at(path).isMissingNode()) {
        throw new IllegalArgumentException("the chart has no value " + setting);
      }
      ObjectNode parent = values.withObject(path.substring(0, path.lastIndexOf('/')));
      parent.set(
          path.substring(path.lastIndexOf('/') + 1),
          Yaml.documents("{value: " + words[1] + "}").getFirst().path("value"));
    }
    return values;
  }

  private void checkChart(String chart) {
    if (chart.endsWith(".tgz")) {
      Programs.checkIsOfRelease(chart);
      return;
    }
    if (!Files.isRegularFile(folder.resolve(chart).resolve("Chart.yaml"))) {
      throw new IllegalArgumentException("no chart at " + chart);
    }
  }

  @Command
  String install(
      @Option(names = "--create-namespace") boolean createNamespace,
      @Option(names = "--wait") boolean wait,
      @Option(names = "--set", defaultValue = "") List<String> settings,
      @Parameters(index = "0") String release,
      @Parameters(index = "1") String chart) {
    checkChart(chart);
    if (cluster.hasRelease(release)) {
      throw new IllegalArgumentException("cannot re-use a name that is still in use: " + release);
    }
    if (createNamespace) {
      cluster.createNamespace(namespace);
    }
    cluster.install(release, namespace, values(settings));
    return new Helm(Chart.DIRECTORY)
        .install()
        .clientOnly()
        .dryRun()
        .withKubeVersion(Chart.KUBERNETES.getLast())
        .withName(release)
        .withNamespace(namespace)
        .call()
        .getOutput();
  }

  @Command
  String push(@Parameters(index = "0") String chart, @Parameters(index = "1") String registry) {
    checkChart(chart);
    if (!registry.equals("oci://" + StandInCluster.REGISTRY)) {
      throw new IllegalArgumentException("others look for it in " + StandInCluster.REGISTRY);
    }
    return "";
  }

  @Command
  String upgrade(
      @Option(names = "--reset-then-reuse-values") boolean reuse,
      @Option(names = "--force") boolean force,
      @Option(names = "--wait") boolean wait,
      @Parameters(index = "0") String release,
      @Parameters(index = "1") String chart) {
    checkChart(chart);
    cluster.install(release, namespace, cluster.release(release, namespace).values());
    return "";
  }

  @Command
  String history(@Parameters(index = "0") String release) {
    return cluster.release(release, namespace).toString();
  }

  @Command
  String rollback(@Option(names = "--wait") boolean wait, @Parameters(index = "0") String release) {
    return cluster.release(release, namespace).toString();
  }

  @Command
  String template(@Parameters(index = "0") String release, @Parameters(index = "1") String chart) {
    checkChart(chart);
    return Chart.text(release, values(List.of()), namespace);
  }

  @Command
  String uninstall(
      @Option(names = "--wait") boolean wait, @Parameters(index = "0") String release) {
    cluster.uninstall(release, namespace);
    return "";
  }

  @Command
  String test(@Option(names = "--logs") boolean logs, @Parameters(index = "0") String release) {
    cluster.test(release, namespace);
    return "";
  }
}
