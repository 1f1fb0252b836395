// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The open files by their handles. */
public final class OpenFiles {
  private final ConcurrentHashMap<Long, OpenFile> files = new ConcurrentHashMap<>();
  private final AtomicLong last = new AtomicLong();

  /** The handle of a newly opened file; never 0. */
  public long add(OpenFile file) {
    long handle = last.incrementAndGet();
    files.put(handle, file);
    return handle;
  }

  public Optional<OpenFile> get(long handle) {
    return Optional.ofNullable(files.get(handle));
  }

  public void remove(long handle) {
    files.remove(handle);
  }
}
