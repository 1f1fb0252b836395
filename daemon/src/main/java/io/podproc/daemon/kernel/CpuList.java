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

  /** The CPUs from 0 on, so many. */
  public static CpuList first(int count) {
    BitSet cpus = new BitSet(count);
    cpus.set(0, count);
    return new CpuList(cpus);
  }

  /** Of these CPUs. */
  public static CpuList of(Iterable<Integer> numbers) {
    BitSet cpus = new BitSet();
    numbers.forEach(cpus::set);
    return new CpuList(cpus);
  }

  /** Those that are not in another list. */
  public CpuList without(CpuList other) {
    BitSet rest = (BitSet) cpus.clone();
    rest.andNot(other.cpus);
    return new CpuList(rest);
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

  /** The kernel's hexadecimal map, as wide as its largest CPU takes (bitmap_string in lib). */
  public String mask() {
    StringBuilder text = new StringBuilder();
    for (int digit = Math.max(0, cpus.length() - 1) / 4; digit >= 0; digit--) {
      int value = 0;
      for (int bit = 0; bit < 4; bit++) {
        value |= cpus.get(digit * 4 + bit) ? 1 << bit : 0;
      }
      text.append(Character.forDigit(value, 16));
      if (digit % 8 == 0 && digit > 0) {
        text.append(',');
      }
    }
    return text.toString();
  }

  /** The kernel's list format; empty for the empty set. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int first = cpus.nextSetBit(0); first >= 0; ) {
      int next = cpus.nextClearBit(first);
      text.append(text.isEmpty() ? "" : ",").append(first);
      if (next - first > 1) {
        text.append('-').append(next - 1);
      }
      first = cpus.nextSetBit(next);
    }
    return text.toString();
  }
}
