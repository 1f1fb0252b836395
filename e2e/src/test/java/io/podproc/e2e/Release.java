// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.UpgradeCommand;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Podproc as Helm installs it. One thing at a time: who removes it waits for who installs it. */
final class Release {
  static final String NAME = "podproc";

  private final Path kubeconfig;
  private final String namespace;
  private boolean ended;

  Release(Path kubeconfig, String namespace) {
    this.kubeconfig = kubeconfig;
    this.namespace = namespace;
  }

  /**
   * Installs a chart, or upgrades to it.
   *
   * @param chart a directory, or an archive
   * @param values those that are not the chart's own
   */
  synchronized void install(Path chart, Map<String, Object> values) {
    if (ended) {
      throw new IllegalStateException("the suite is being stopped");
    }
    try {
      Path file = Files.createTempFile("podproc-values", ".yaml");
      try {
        Files.writeString(file, Serialization.asYaml(values));
        UpgradeCommand upgrade =
            new Helm(chart)
                .upgrade()
                .install()
                .withName(NAME)
                .withNamespace(namespace)
                .withKubeConfig(kubeconfig)
                .withValuesFile(file);
        // A signal cancels it; later ones would do nothing at all, as it keeps them for itself.
        Signals.keep(upgrade::call);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs the chart's own test. Nobody waits for it. */
  void test() {
    var _ =
        Helm.test(NAME)
            .withNamespace(namespace)
            .withKubeConfig(kubeconfig)
            .withTimeout((int) Machine.deadline(120).toSeconds())
            .call();
  }

  synchronized void uninstall() {
    String _ =
        Helm.uninstall(NAME)
            .withNamespace(namespace)
            .withKubeConfig(kubeconfig)
            .ignoreNotFound()
            .call();
  }

  /** Uninstalls it; whoever is about to install it again can't. */
  synchronized void end() {
    ended = true;
    uninstall();
  }
}
