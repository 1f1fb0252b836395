// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A directory that is held by a descriptor. What is in it is opened from there, however long its
 * path is. May be used by one at a time, and must be closed.
 */
public final class OpenDirectory implements Closeable {
  private static final int FLAGS =
      SystemCalls.O_RDONLY
          | SystemCalls.O_DIRECTORY
          | SystemCalls.O_NOFOLLOW
          | SystemCalls.O_CLOEXEC;

  // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
  private static final int RECORD_LENGTH = 16;
  private static final int TYPE = 18;
  private static final int NAME = 19;
  private static final int DT_DIR = 4;

  /** Room for some hundred entries, which is what a cgroup has. */
  private static final int BUFFER_SIZE = 16 * 1024;

  private static final ThreadLocal<MemorySegment> BUFFER =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(BUFFER_SIZE, 8));

  private final int descriptor;
  private final String name;

  private OpenDirectory(int descriptor, String name) {
    this.descriptor = descriptor;
    this.name = name;
    Descriptors.opened();
  }

  /**
   * Opens a directory.
   *
   * @throws IOException it is not there, or no directory
   */
  public static OpenDirectory open(String path) throws IOException {
    return of(SystemCalls.ofThread().open(path, FLAGS), path);
  }

  /** As {@link #open}, of one in this. */
  public OpenDirectory directory(String child) throws IOException {
    return of(SystemCalls.ofThread().openAt(descriptor, child, FLAGS), child);
  }

  private static OpenDirectory of(int descriptor, String name) throws IOException {
    if (descriptor < 0) {
      throw ReadableFile.failure(name, -descriptor);
    }
    return new OpenDirectory(descriptor, name);
  }

  /** Opens a file in it. */
  public ReadableFile file(String child) throws IOException {
    int file =
        SystemCalls.ofThread()
            .openAt(descriptor, child, SystemCalls.O_RDONLY | SystemCalls.O_CLOEXEC);
    if (file < 0) {
      throw ReadableFile.failure(name + "/" + child, -file);
    }
    return new ReadableFile(file);
  }

  /**
   * How many links it has: in kernfs two, and one more for each directory in it
   * (fs/kernfs/inode.c:kernfs_refresh_inode).
   */
  public int links() throws IOException {
    int links = SystemCalls.ofThread().statx().links(descriptor);
    if (links < 0) {
      throw ReadableFile.failure(name, -links);
    }
    return links;
  }

  /**
   * The names of the directories in it, in bytes as characters (ISO 8859-1). To be called once.
   *
   * @param most after so many there is no more looking
   */
  public List<String> directories(int most) throws IOException {
    SystemCalls calls = SystemCalls.ofThread();
    MemorySegment buffer = BUFFER.get();
    ByteBuffer entries = buffer.asByteBuffer().order(ByteOrder.nativeOrder());
    List<String> names = new ArrayList<>();
    while (names.size() < most) {
      long length = calls.entries(descriptor, buffer);
      if (length < 0) {
        throw ReadableFile.failure(name, (int) -length);
      }
      if (length == 0) {
        break;
      }
      for (int at = 0; at < length; at += entries.getShort(at + RECORD_LENGTH)) {
        if (entries.get(at + TYPE) == DT_DIR) {
          String child = text(entries, at + NAME);
          if (!child.equals(".") && !child.equals("..")) {
            names.add(child);
          }
        }
      }
    }
    return names;
  }

  private static String text(ByteBuffer entries, int from) {
    int end = from;
    while (entries.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - from];
    entries.get(from, bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    Descriptors.closed();
    int _ = SystemCalls.ofThread().close(descriptor);
  }
}
