// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.ref.SoftReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Texts whose size a caller was told. Programs open a file, ask for its size, and read so much: who
 * then reads for the first time gets the very text that was measured. The kernel does not say with
 * which open file the size is asked for (fs/fuse/dir.c:fuse_getattr), so the thread tells, and
 * where it is another one, as with Node's, its container.
 */
final class MeasuredTexts {
  /** For how long a first read is taken to belong to the size that was asked for. */
  private static final long KEPT_NANOS = Duration.ofSeconds(10).toNanos();

  /** As many of a container may be between the size and the read of one file. */
  private static final int MOST_OF_FILE = 4;

  /** With methods of its own, as a record's are made when they are first called. */
  private record Place(Object reader, long inode) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Place that && inode == that.inode && reader.equals(that.reader);
    }

    @Override
    public int hashCode() {
      return reader.hashCode() * 31 + Long.hashCode(inode);
    }
  }

  /** Soft, as what open files hold is. */
  private static final class Text {
    private final int tid;
    private final long nanos;
    private final SoftReference<byte[]> bytes;

    Text(int tid, long nanos, byte[] bytes) {
      this.tid = tid;
      this.nanos = nanos;
      this.bytes = new SoftReference<>(bytes);
    }
  }

  /** By reader and file; the first is what was measured the longest ago. */
  @GuardedBy("this")
  private final Map<Place, ArrayDeque<Text>> texts = new LinkedHashMap<>();

  /**
   * @param reader whose it is, as {@link io.podproc.daemon.view.Views#owner} tells
   * @param nanos when it was asked for, by {@link System#nanoTime}
   */
  synchronized void add(Object reader, long inode, int tid, long nanos, byte[] text) {
    Iterator<ArrayDeque<Text>> oldest = texts.values().iterator();
    while (oldest.hasNext() && nanos - oldest.next().getLast().nanos > KEPT_NANOS) {
      oldest.remove();
    }
    Place place = new Place(reader, inode);
    ArrayDeque<Text> ofFile = texts.remove(place);
    if (ofFile == null) {
      ofFile = new ArrayDeque<>(MOST_OF_FILE);
    }
    if (ofFile.size() == MOST_OF_FILE) {
      ofFile.removeFirst();
    }
    ofFile.add(new Text(tid, nanos, text));
    texts.put(place, ofFile);
  }

  /**
   * What is to be read, once.
   *
   * @param opened since when the file is open: what was measured before is out of date
   */
  synchronized Optional<byte[]> take(Object reader, long inode, int tid, long opened) {
    Place place = new Place(reader, inode);
    ArrayDeque<Text> ofFile = texts.get(place);
    if (ofFile == null) {
      return Optional.empty();
    }
    Text best = null;
    for (Iterator<Text> latest = ofFile.descendingIterator(); latest.hasNext(); ) {
      Text text = latest.next();
      if (text.nanos - opened < 0 || System.nanoTime() - text.nanos > KEPT_NANOS) {
        break; // and so are those before
      }
      if (best == null || (text.tid == tid && best.tid != tid)) {
        best = text;
      }
    }
    if (best == null) {
      return Optional.empty();
    }
    ofFile.remove(best);
    if (ofFile.isEmpty()) {
      texts.remove(place);
    }
    return Optional.ofNullable(best.bytes.get());
  }
}
