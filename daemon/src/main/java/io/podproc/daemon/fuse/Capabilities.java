// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a process may do (capabilities(7)).
 *
 * @param effective the bits of {@code CapEff} in {@code /proc/[pid]/status}
 */
public record Capabilities(long effective) {
  private static final int CAP_DAC_OVERRIDE = 1;
  private static final int CAP_DAC_READ_SEARCH = 2;
  private static final int CAP_SYS_ADMIN = 21;

  private static final Capabilities ALL = new Capabilities(-1);
  private static final Capabilities NONE = new Capabilities(0);

  /**
   * Those of this process; all of them where the kernel does not tell, so that the mount decides.
   */
  static Capabilities own() {
    try {
      return parse(status("self")).orElse(ALL);
    } catch (IOException e) {
      return ALL;
    }
  }

  /** Those of a thread, in its own user namespace; none where the kernel does not tell. */
  static Capabilities of(int tid) throws IOException {
    return parse(status(Integer.toString(tid))).orElse(NONE);
  }

  private static String status(String process) throws IOException {
    return Files.readString(Path.of("/proc", process, "status"), StandardCharsets.ISO_8859_1);
  }

  /** Empty where a status does not tell. */
  static Optional<Capabilities> parse(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("CapEff:"))
        .map(line -> line.substring("CapEff:".length()).trim())
        .filter(mask -> mask.matches("[0-9a-f]{1,16}"))
        .map(mask -> new Capabilities(Long.parseUnsignedLong(mask, 16)))
        .findFirst();
  }

  boolean canMount() {
    return has(CAP_SYS_ADMIN);
  }

  /** Files of whatever mode. */
  boolean canReadAll() {
    return has(CAP_DAC_OVERRIDE) || has(CAP_DAC_READ_SEARCH);
  }

  private boolean has(int capability) {
    return (effective >>> capability & 1) != 0;
  }
}
