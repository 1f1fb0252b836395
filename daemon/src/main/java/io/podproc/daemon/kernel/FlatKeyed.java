// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A "flat keyed" file such as memory.stat or cpu.stat: lines of {@code KEY VALUE}. A line that is
 * cut short or whose value is no number is passed over; a key that is not there has no value.
 */
public final class FlatKeyed {
  private static final long NONE = -1;

  private final Keys keys;
  private final long[] values;

  private FlatKeyed(Keys keys) {
    this.keys = keys;
    this.values = new long[keys.count()];
    Arrays.fill(values, NONE);
  }

  /** All keys of a text, where one can't tell which there are. */
  public static Map<String, Long> all(String text) {
    Map<String, Long> values = new HashMap<>();
    for (String line : text.split("\n", -1)) {
      int blank = line.indexOf(' ');
      if (blank > 0) {
        Numbers.parse(line, blank, line.length())
            .ifPresent(value -> values.put(line.substring(0, blank), value));
      }
    }
    return values;
  }

  /** Those keys of a file that are wanted: whatever else there is costs no more than a look. */
  public static final class Keys implements KernelFile.Parser<FlatKeyed> {
    private final Map<String, Integer> indices = new HashMap<>();

    /** The keys by their hashes, with free places between, and their indices. */
    private final byte[][] table;

    private final int[] tableIndices;

    private Keys(Collection<String> keys) {
      keys.forEach(key -> indices.putIfAbsent(key, indices.size()));
      int places = Integer.highestOneBit(Math.max(1, indices.size())) * 4;
      table = new byte[places][];
      tableIndices = new int[places];
      indices.forEach((key, index) -> {
        byte[] bytes = key.getBytes(StandardCharsets.ISO_8859_1);
        int place = hash(bytes) & (places - 1);
        while (table[place] != null) {
          place = (place + 1) & (places - 1);
        }
        table[place] = bytes;
        tableIndices[place] = index;
      });
    }

    public static Keys of(String... keys) {
      return of(List.of(keys));
    }

    public static Keys of(Collection<String> keys) {
      return new Keys(keys);
    }

    private static int hash(byte[] key) {
      int hash = 0;
      for (byte b : key) {
        hash = 31 * hash + b;
      }
      return hash;
    }

    private int count() {
      return indices.size();
    }

    /** Which key that is; negative for one that is not wanted. */
    private int find(int hash, byte[] text, int start, int end) {
      int place = hash & (table.length - 1);
      byte[] key = table[place];
      while (key != null) {
        if (key.length == end - start && Arrays.equals(key, 0, key.length, text, start, end)) {
          return tableIndices[place];
        }
        place = (place + 1) & (table.length - 1);
        key = table[place];
      }
      return -1;
    }

    public FlatKeyed parse(String text) {
      return parse(text.getBytes(StandardCharsets.ISO_8859_1), text.length());
    }

    @Override
    public FlatKeyed parse(byte[] text, int length) {
      FlatKeyed found = new FlatKeyed(this);
      int at = 0;
      while (at < length) {
        int start = at;
        int hash = 0;
        while (at < length && text[at] != ' ' && text[at] != '\n') {
          hash = 31 * hash + text[at++];
        }
        int blank = at;
        while (at < length && text[at] != '\n') {
          at++;
        }
        int index = find(hash, text, start, blank);
        if (index >= 0) {
          long value = Numbers.parse(text, blank, at);
          if (value != NONE) {
            found.values[index] = value;
          }
        }
        at++;
      }
      return found;
    }
  }

  /**
   * The value of a key.
   *
   * @throws IllegalArgumentException it is none of those that were wanted
   */
  public OptionalLong get(String key) {
    long value = value(key);
    return value == NONE ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** The value, or 0 where a kernel without that key counts nothing under it. */
  public long getOrZero(String key) {
    return Math.max(0, value(key));
  }

  private long value(String key) {
    Integer index = keys.indices.get(key);
    if (index == null) {
      throw new IllegalArgumentException("not wanted: " + key);
    }
    return values[index];
  }
}
