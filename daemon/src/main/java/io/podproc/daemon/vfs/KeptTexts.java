// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which open files have a text, and how much of it each reader has. A container may leave open as
 * many files as it likes: of what it has read, the oldest is let go, and nobody else's.
 */
final class KeptTexts {
  /** Some 170 of meminfo: programs read a file to its end before they open very many. */
  static final int MOST_BYTES = 256 << 10;

  /** But so many may be of any length, as cpuinfo with 100 KB. */
  static final int FEW = 16;

  private static final class OfReader {
    /** The first has had its text for the longest. */
    private final Map<OpenFile, Integer> lengths = new LinkedHashMap<>();

    private long bytes;

    void add(OpenFile file, int length) {
      remove(file);
      lengths.put(file, length);
      bytes += length;
      Iterator<Map.Entry<OpenFile, Integer>> oldest = lengths.entrySet().iterator();
      while (bytes > MOST_BYTES && lengths.size() > FEW) {
        Map.Entry<OpenFile, Integer> entry = oldest.next();
        entry.getKey().letGo();
        bytes -= entry.getValue();
        oldest.remove();
      }
    }

    void remove(OpenFile file) {
      Integer length = lengths.remove(file);
      if (length != null) {
        bytes -= length;
      }
    }
  }

  /** Of those that have texts. */
  @GuardedBy("this")
  private final Map<Object, OfReader> readers = new HashMap<>();

  /** A file has a new text. */
  synchronized void add(OpenFile file, int length) {
    OfReader own = readers.get(file.reader());
    if (own == null) {
      own = new OfReader();
      readers.put(file.reader(), own);
    }
    own.add(file, length);
  }

  /** It was closed. */
  synchronized void remove(OpenFile file) {
    OfReader own = readers.get(file.reader());
    if (own != null) {
      own.remove(file);
      if (own.lengths.isEmpty()) {
        readers.remove(file.reader());
      }
    }
  }

  /** How many have texts. */
  synchronized int readers() {
    return readers.size();
  }
}
