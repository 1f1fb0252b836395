// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

/** A mountinfo of any bytes: a container chooses many of them. */
public final class MountInfoFuzz {
  private MountInfoFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    MountInfo info = MountInfo.of(text.lines(), mount -> true);
    assertThat(info.mounts()).hasSizeLessThanOrEqualTo(1024);
    for (MountInfo.Mount mount : info.mounts().stream().limit(64).toList()) {
      assertThat(mount.id()).isNotNegative();
      assertThat(mount.parent()).isNotNegative();
      assertThat(mount.type()).doesNotContain(" ");
      boolean _ = mount.has("ro");
      info.at(mount.point()).ifPresent(top -> assertThat(info.isCovered(top)).isFalse());
    }
  }
}
