// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelinuxContextTest {
  @TempDir Path folder;

  private static final String LABEL = "system_u:system_r:kernel_t:s0\0";

  private boolean isOn(String fileSystems, String label) throws Exception {
    return SelinuxContext.isOn(
        Files.writeString(folder.resolve("filesystems"), fileSystems),
        Files.writeString(folder.resolve("label"), label));
  }

  @Test
  void itIsOnWhereTheKernelHasItsFileSystem() throws Exception {
    assertThat(isOn("nodev\tproc\nnodev\tselinuxfs\n\text4\n", LABEL)).isTrue();
    assertThat(isOn("nodev\tproc\nnodev\tnoselinuxfs\n\text4\n", LABEL)).isFalse();
    assertThat(isOn("", LABEL)).isFalse();
    assertThat(SelinuxContext.isOn(folder.resolve("none"), folder.resolve("label"))).isFalse();
  }

  /** As on a Debian that was booted without AppArmor. */
  @Test
  void itIsOffUntilThereIsAPolicy() throws Exception {
    assertThat(isOn("nodev\tselinuxfs\n", "kernel\0")).isFalse();
    assertThat(isOn("nodev\tselinuxfs\n", "")).isFalse();
    Path fileSystems = folder.resolve("filesystems");
    assertThat(SelinuxContext.isOn(fileSystems, folder.resolve("none"))).isTrue();
  }

  @Test
  void whoWantsNoneGetsNone() throws Exception {
    assertThat(new SelinuxContext(Optional.empty()).option(folder)).isEmpty();
  }
}
