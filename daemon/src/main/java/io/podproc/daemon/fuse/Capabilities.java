// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a process may do (capabilities(7)).
 *
 * @param effective the bits of {@code CapEff} in {@code /proc/[pid]/status}
 */
record Capabilities(long effective) {
  private static final int CAP_SYS_ADMIN = 21;

  /**
   * Those of this process; all of them where the kernel does not tell, so that the mount decides.
   */
  static Capabilities own() {
    try {
      return parse(Files.readString(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return new Capabilities(-1);
    }
  }

  static Capabilities parse(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("CapEff:"))
        .map(line -> line.substring("CapEff:".length()).trim())
        .filter(mask -> mask.matches("[0-9a-f]{1,16}"))
        .map(mask -> new Capabilities(Long.parseUnsignedLong(mask, 16)))
        .findFirst()
        .orElse(new Capabilities(-1));
  }

  boolean canMount() {
    return (effective >>> CAP_SYS_ADMIN & 1) != 0;
  }
}
