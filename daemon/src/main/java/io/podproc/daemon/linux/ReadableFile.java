// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * A file that is open for reading, without what a channel of the JDK does to be used by many
 * threads: this one may be used by one at a time, and must be closed.
 */
public final class ReadableFile implements Closeable {
  /** Where a thread has the kernel write what it reads, whatever the file. */
  private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(() -> Room.of(8192));

  // As a buffer as well: to copy from it costs no code that is made at the start.
  private record Room(MemorySegment segment, ByteBuffer bytes) {
    static Room of(int size) {
      MemorySegment segment = Arena.ofAuto().allocate(size);
      return new Room(segment, segment.asByteBuffer());
    }
  }

  private final int descriptor;

  ReadableFile(int descriptor) {
    this.descriptor = descriptor;
    Descriptors.opened();
  }

  /**
   * Opens a file.
   *
   * @throws NoSuchFileException there is none
   * @throws ExhaustedException there are no descriptors left, or no memory
   * @throws IOException it can't be opened
   */
  public static ReadableFile open(String path) throws IOException {
    return openIfPresent(path).orElseThrow(() -> new NoSuchFileException(path));
  }

  /** As {@link #open}, but empty where there is no such file. */
  public static Optional<ReadableFile> openIfPresent(String path) throws IOException {
    int descriptor =
        SystemCalls.ofThread().open(path, SystemCalls.O_RDONLY | SystemCalls.O_CLOEXEC);
    if (descriptor == -Errno.ENOENT || descriptor == -Errno.ENOTDIR) {
      return Optional.empty(); // much cheaper than an exception
    }
    if (descriptor < 0) {
      throw failure(path, -descriptor);
    }
    return Optional.of(new ReadableFile(descriptor));
  }

  /**
   * Reads bytes to where they are wanted.
   *
   * @param bytes takes them, from {@code at} on, as many as it has room for
   * @param path what a failure calls the file: there are thousands, and few failures
   * @return how many there were; 0 at the end
   */
  public int read(byte[] bytes, int at, long offset, Object path) throws IOException {
    SystemCalls calls = SystemCalls.ofThread();
    int size = bytes.length - at;
    Room room = room(size);
    long count;
    do {
      count = calls.pread(descriptor, room.segment, size, offset);
    } while (count == -Errno.EINTR);
    if (count < 0) {
      throw failure(path.toString(), (int) -count);
    }
    room.bytes.get(0, bytes, at, (int) count);
    return (int) count;
  }

  private static Room room(int size) {
    Room room = ROOM.get();
    if (room.bytes.capacity() < size) {
      room = Room.of(size);
      ROOM.set(room);
    }
    return room;
  }

  /**
   * Whether so many descriptors are open that this one is not to be kept: it is to be closed when
   * it was read, so that there are some left for what must be opened.
   */
  public static boolean areScarce() {
    return Descriptors.areScarce();
  }

  static IOException failure(String path, int errno) {
    return switch (errno) {
      case Errno.ENOENT -> new NoSuchFileException(path);
      case Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.EIO ->
          new ExhaustedException(path, errno);
      case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(path);
      case Errno.ENODEV -> new FileSystemException(path, null, "its cgroup is gone");
      case Errno.ESRCH -> new FileSystemException(path, null, "its process is gone");
      default -> new FileSystemException(path, null, "error " + errno);
    };
  }

  @Override
  public void close() {
    Descriptors.closed();
    int _ = SystemCalls.ofThread().close(descriptor);
  }
}
