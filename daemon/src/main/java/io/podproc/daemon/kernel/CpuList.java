// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.BitSet;
import java.util.OptionalLong;

/**
 * A set of CPUs in the kernel's list format, {@code 0-3,5} (bitmap_parselist in lib/bitmap-str.c).
 * Immutable.
 */
public final class CpuList {
  /** The kernel's largest NR_CPUS is 8192; a number beyond this is no CPU. */
  private static final int MAX_CPU = 65_535;

  private final BitSet cpus;

  private CpuList(BitSet cpus) {
    this.cpus = cpus;
  }

  /** Parts that are no CPU number or range are passed over; an empty text is the empty set. */
  public static CpuList parse(String text) {
    BitSet cpus = new BitSet();
    for (String part : text.trim().split(",", -1)) {
      int dash = part.indexOf('-');
      OptionalLong first = Numbers.parse(dash < 0 ? part : part.substring(0, dash));
      OptionalLong last = dash < 0 ? first : Numbers.parse(part.substring(dash + 1));
      if (first.isPresent()
          && last.isPresent()
          && first.getAsLong() <= last.getAsLong()
          && last.getAsLong() <= MAX_CPU) {
        cpus.set((int) first.getAsLong(), (int) last.getAsLong() + 1);
      }
    }
    return new CpuList(cpus);
  }

  public boolean isEmpty() {
    return cpus.isEmpty();
  }

  public int size() {
    return cpus.cardinality();
  }

  /** The CPU numbers, ascending. */
  public int[] toArray() {
    return cpus.stream().toArray();
  }

  @Override
  public String toString() {
    return cpus.toString();
  }
}
