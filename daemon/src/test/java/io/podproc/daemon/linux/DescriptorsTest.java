// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DescriptorsTest {
  @Test
  void someAreAlwaysLeft() {
    assertThat(Descriptors.kept(Long.MAX_VALUE)).isGreaterThan(1L << 60);
    assertThat(Descriptors.kept(20_000)).isEqualTo(20_000 - 256);
    assertThat(Descriptors.kept(1024)).isEqualTo(1024 - 256);
    assertThat(Descriptors.kept(200)).isEqualTo(100);
  }

  @Test
  void theKernelTellsHowManyThereMayBe() throws IOException {
    String limits = Files.readString(Path.of("/proc/self/limits"));
    long limit = SystemCalls.ofThread().processes().descriptorLimit();
    assertThat(limits).containsPattern("Max open files +" + limit + " ");
  }
}
