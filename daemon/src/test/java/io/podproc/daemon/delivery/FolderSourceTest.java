// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderSourceTest {
  private static final Set<String> ALL = Set.of("/proc/meminfo", "/proc/stat");

  @TempDir Path folders;

  private FolderSource source() {
    return new FolderSource(
        new DeliveryRules("podproc", ALL, ALL), Set.of("shop", "kube-system", "podproc"), folders);
  }

  private void pod(String folder) throws IOException {
    Files.createDirectories(folders.resolve(folder));
  }

  @Test
  void podsOfNamedNamespacesGetAllFiles() throws IOException {
    pod("shop_web-0_2f1c");
    pod("bank_web-0_3a77");
    pod("shop_odd");
    pod("_");
    Files.createFile(folders.resolve("a file"));
    FolderSource source = source();
    assertThat(source.wanted("2f1c")).contains(new DesiredFiles(ALL, false));
    assertThat(source.wanted("3a77")).contains(new DesiredFiles(Set.of(), false));
    assertThat(source.wanted("odd")).isEmpty();
    assertThat(source.wanted("")).isEmpty();
  }

  @Test
  void podprocAndTheSystemAreLeftAlone() throws IOException {
    pod("kube-system_etcd_0123456789abcdef0123456789abcdef");
    pod("podproc_daemon_4b4b");
    FolderSource source = source();
    assertThat(source.wanted("0123456789abcdef0123456789abcdef").orElseThrow().files()).isEmpty();
    assertThat(source.wanted("4b4b").orElseThrow().files()).isEmpty();
  }

  @Test
  void aPodThatIsNewIsFound() throws IOException {
    FolderSource source = source();
    assertThat(source.wanted("2f1c")).isEmpty();
    pod("shop_web-0_2f1c");
    assertThat(source.wanted("2f1c")).isPresent();
  }

  @Test
  void whereThereAreNoFoldersNothingIsKnown() throws IOException {
    FolderSource source = source();
    pod("shop_web-0_2f1c");
    assertThat(source.wanted("2f1c")).isPresent();
    Files.delete(folders.resolve("shop_web-0_2f1c"));
    Files.delete(folders);
    assertThat(source.wanted("2f1c")).isPresent();
    assertThat(source.wanted("3a77")).isEmpty();
  }
}
