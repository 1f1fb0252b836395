// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class InjectableFileTest {
  /** The daemon's tests keep docs/files.md equal to what it serves. */
  @Test
  void theyAreTheFilesThatTheDaemonServes() throws IOException {
    assertThat(Files.readString(Path.of("../docs/files.md")).lines())
        .filteredOn(line -> line.startsWith("## "))
        .map(line -> line.substring("## ".length()))
        .containsExactlyElementsOf(
            InjectableFile.all().stream().map(InjectableFile::path).toList());
  }

  @Test
  void namesOfVolumesAreNamesInKubernetes() {
    assertThat(InjectableFile.all())
        .extracting(InjectableFile::volumeName)
        .doesNotHaveDuplicates()
        .allSatisfy(name -> assertThat(name).matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"));
  }
}
