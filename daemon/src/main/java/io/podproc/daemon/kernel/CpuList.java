// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
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
    int start = 0;
    while (start <= text.length()) {
      int comma = text.indexOf(',', start);
      int end = comma < 0 ? text.length() : comma;
      int dash = text.indexOf('-', start);
      boolean range = dash >= 0 && dash < end;
      OptionalLong first = Numbers.parse(text, start, range ? dash : end);
      OptionalLong last = range ? Numbers.parse(text, dash + 1, end) : first;
      if (first.isPresent()
          && last.isPresent()
          && first.getAsLong() <= last.getAsLong()
          && last.getAsLong() <= MAX_CPU) {
        cpus.set((int) first.getAsLong(), (int) last.getAsLong() + 1);
      }
      start = end + 1;
    }
    return new CpuList(cpus);
  }

  public boolean isEmpty() {
    return cpus.isEmpty();
  }

  public int size() {
    return cpus.cardinality();
  }

  /** The lowest CPU numbers, ascending, at most so many. */
  public List<Integer> lowest(int most) {
    List<Integer> numbers = new ArrayList<>(Math.min(most, cpus.size()));
    for (int cpu = cpus.nextSetBit(0); cpu >= 0 && numbers.size() < most; ) {
      numbers.add(cpu);
      cpu = cpus.nextSetBit(cpu + 1);
    }
    return numbers;
  }

  @Override
  public String toString() {
    return cpus.toString();
  }
}
