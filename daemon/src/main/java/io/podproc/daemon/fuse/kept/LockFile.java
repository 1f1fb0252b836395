// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.linux.SystemCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file that one daemon at a time locks for writing, until it closes it or dies. */
final class LockFile implements AutoCloseable {
  private final Path path;
  private volatile FileChannel channel;

  /**
   * The same file, to ask whose lock it has. It is closed with the other: whoever closes any
   * descriptor of a file gives up its locks on it.
   */
  private final int asked;

  private volatile boolean closed;
  private @Nullable FileLock lock;

  LockFile(Path path) throws IOException {
    this.path = path;
    channel = open(path);
    try (Arena arena = Arena.ofConfined()) {
      asked =
          new SystemCalls(arena).open(path.toString(), SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC);
    }
    if (asked < 0) {
      throw new IOException("error " + -asked + " of open(2)");
    }
  }

  private static FileChannel open(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  Path path() {
    return path;
  }

  /** Locks it if nobody has. */
  boolean tryLock() throws IOException {
    if (lock == null) {
      lock = channel.tryLock();
    }
    return isLocked();
  }

  /**
   * Locks it once nobody else has.
   *
   * @throws FileLockInterruptionException the thread was interrupted. It can wait again
   */
  void lock() throws IOException {
    if (lock == null) {
      try {
        lock = channel.lock();
      } catch (FileLockInterruptionException e) {
        boolean _ = Thread.interrupted();
        channel = open(path); // the JDK has closed it, and there was no lock to lose by that
        if (closed) {
          channel.close();
        }
        throw e;
      }
    }
  }

  /** Gives it up if it is this daemon's. */
  void release() throws IOException {
    if (lock != null) {
      lock.release();
      lock = null;
    }
  }

  /** Whether it is this daemon's. */
  boolean isLocked() {
    return lock != null;
  }

  /** Whether others have locked it for reading only, which no daemon does. */
  boolean isReadLocked() {
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      return calls.writeLockHolder(asked) == 0 && calls.lockHolder(asked) != 0;
    }
  }

  /**
   * The process that has locked it, where that is not this one, as the kernel tells; empty where
   * nobody else has, or it is not told.
   */
  Optional<String> holder() {
    try (Arena arena = Arena.ofConfined()) {
      return Optional.of(new SystemCalls(arena).lockHolder(asked))
          .filter(pid -> pid > 0)
          .map(LockFile::name);
    }
  }

  private static String name(int pid) {
    try {
      return pid + " (" + Files.readString(Path.of("/proc", pid + "", "comm")).strip() + ")";
    } catch (IOException e) {
      return Integer.toString(pid);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    channel.close();
    try (Arena arena = Arena.ofConfined()) {
      int _ = new SystemCalls(arena).close(asked);
    }
  }
}
