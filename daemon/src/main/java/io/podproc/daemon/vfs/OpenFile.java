// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.ref.SoftReference;
import org.jspecify.annotations.Nullable;

/**
 * One open file: a read at offset 0 renders afresh, later offsets go on in that snapshot, and past
 * the end there is nothing (compare fs/seq_file.c:seq_read_iter). So a tool that keeps the
 * descriptor and seeks to 0 sees what is new, and nobody sees halves of two texts.
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

  private final Content content;
  private final Object reader;

  /** Soft: a container may leave open more files than the heap holds texts. */
  @GuardedBy("this")
  private SoftReference<byte[]> snapshot = new SoftReference<>(null);

  /**
   * @param reader whose it is, as {@link io.podproc.daemon.view.Views#asker} tells
   */
  public OpenFile(Content content, Object reader) {
    this.content = content;
    this.reader = reader;
  }

  public Object reader() {
    return reader;
  }

  /**
   * The bytes to slice an answer from.
   *
   * @param offset where the read begins; only whether it is 0 matters
   * @throws IOException there is nothing that could be served
   */
  public synchronized byte[] snapshot(long offset) throws IOException {
    byte[] bytes = snapshot.get();
    if (offset == 0 || bytes == null) {
      bytes = content.render(bytes);
      snapshot = new SoftReference<>(bytes);
    }
    return bytes;
  }
}
