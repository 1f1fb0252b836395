// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** How large the machine's pages of memory are, by the auxiliary vector (getauxval(3)). */
public final class PageSize {
  private static final int ENTRY = 16;
  private static final long AT_PAGESZ = 6;
  private static final int USUAL = 4096;

  /** In bytes. */
  public static final int BYTES = read();

  private PageSize() {}

  private static int read() {
    try {
      ByteBuffer vector =
          ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv")))
              .order(ByteOrder.nativeOrder());
      while (vector.remaining() >= ENTRY) {
        long type = vector.getLong();
        long value = vector.getLong();
        if (type == AT_PAGESZ) {
          return Math.toIntExact(value);
        }
      }
    } catch (IOException | ArithmeticException e) {
      // No Linux is without.
    }
    return USUAL;
  }
}
