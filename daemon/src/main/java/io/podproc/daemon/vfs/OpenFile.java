// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One open file: a read at offset 0 renders afresh, later offsets go on in that snapshot, and past
 * the end there is nothing (compare fs/seq_file.c:seq_read_iter). So a tool that keeps the
 * descriptor and seeks to 0 sees what is new, and nobody sees halves of two texts. Whoever asked
 * for the size before it read gets the text that was measured.
 */
public final class OpenFile {
  /** What there is to read, rendered when it is asked for. */
  public interface Content {
    /**
     * The text as of now.
     *
     * @param last what was rendered before, where that is still known
     */
    byte[] render(byte @Nullable [] last) throws IOException;
  }

  private static final byte[] NOTHING = {};
  private static final SoftReference<byte[]> NO_TEXT = new SoftReference<>(null);

  /** Of a file that was not read yet. */
  private static final int UNREAD = -1;

  private final Content content;
  private final Object reader;
  private final Supplier<Optional<byte[]>> measured;

  /** Null: nobody counts its text. */
  @GuardedBy("this")
  private @Nullable KeptTexts kept;

  /** Of the last text, which may not be there any more. */
  @GuardedBy("this")
  private int length = UNREAD;

  /** Soft: there may be more readers than the heap holds texts of. Let go of by any thread. */
  private volatile SoftReference<byte[]> snapshot = NO_TEXT;

  /**
   * @param reader whose it is, as {@link io.podproc.daemon.view.Views#owner} tells
   */
  public OpenFile(Content content, Object reader) {
    this(content, reader, Optional::empty);
  }

  /**
   * @param measured the text whose size its reader was told since it opened the file, if any
   */
  OpenFile(Content content, Object reader, Supplier<Optional<byte[]>> measured) {
    this.content = content;
    this.reader = reader;
    this.measured = measured;
  }

  public Object reader() {
    return reader;
  }

  /** From now on its texts count as its reader's. */
  synchronized void countIn(KeptTexts texts) {
    kept = texts;
  }

  /** Nobody will read it any more. */
  synchronized void close() {
    if (kept != null) {
      kept.remove(this);
      kept = null;
    }
  }

  /** Its text is one too many; who reads on gets a new one. */
  void letGo() {
    snapshot = NO_TEXT;
  }

  /**
   * The bytes to slice an answer from.
   *
   * @param offset where the read begins; only whether it is 0, or past the end, matters
   * @throws IOException there is nothing that could be served
   */
  public synchronized byte[] snapshot(long offset) throws IOException {
    byte[] bytes = snapshot.get();
    if (bytes == null && length != UNREAD && offset > 0 && offset >= length) {
      return NOTHING;
    }
    if (offset == 0 || bytes == null) {
      bytes = next(bytes);
      snapshot = new SoftReference<>(bytes);
      length = bytes.length;
      if (kept != null) {
        kept.add(this, length);
      }
    }
    return bytes;
  }

  @GuardedBy("this")
  private byte[] next(byte @Nullable [] last) throws IOException {
    Optional<byte[]> told = length == UNREAD ? measured.get() : Optional.empty();
    return told.isPresent() ? told.get() : content.render(last);
  }
}
