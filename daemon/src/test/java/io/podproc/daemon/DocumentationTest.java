// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DocumentationTest {
  @Test
  void everyFileHasItsSectionInTheOrderOfTheTable() throws IOException {
    assertThat(Files.readString(Path.of("../docs/files.md")).lines())
        .filteredOn(line -> line.startsWith("## "))
        .map(line -> line.substring("## ".length()))
        .containsExactlyElementsOf(
            VirtualFiles.tree(true).files().stream().map(VirtualTree.File::path).toList());
  }
}
