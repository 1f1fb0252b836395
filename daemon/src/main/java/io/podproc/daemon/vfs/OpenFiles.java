// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The open files by their handles. Of very many the oldest are forgotten, as readers need not close
 * what they open: a handle that is not known can be opened again.
 */
public final class OpenFiles {
  private static final int MAX_OPEN = 65_536;

  private final ConcurrentHashMap<Long, OpenFile> files = new ConcurrentHashMap<>();
  private final KeptTexts texts = new KeptTexts();

  /**
   * Readers that another daemon opened files for come with its handles. None of them may be one of
   * ours, or they would read another's file: both count from somewhere in 63 bits. (Nobody gains by
   * guessing where, and a secure random costs the start some milliseconds.)
   */
  private final AtomicLong last = new AtomicLong(new SplittableRandom().nextLong() >>> 1);

  /** The handle of a newly opened file; never 0. */
  public long add(OpenFile file) {
    long handle = last.incrementAndGet();
    file.countIn(texts);
    files.put(handle, file);
    if (files.size() > MAX_OPEN) {
      remove(handle - MAX_OPEN);
    }
    return handle;
  }

  public Optional<OpenFile> get(long handle) {
    return Optional.ofNullable(files.get(handle));
  }

  public void remove(long handle) {
    OpenFile file = files.remove(handle);
    if (file != null) {
      file.close();
    }
  }

  /** How many readers have texts. */
  int readers() {
    return texts.readers();
  }
}
