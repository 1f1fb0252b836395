// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to serve. One daemon at a time holds the lock while it serves; the kernel takes
 * it from a daemon that dies, and gives it to the next.
 */
final class HandOver implements AutoCloseable {
  private static final String TICKET = "waiting-";

  private final Path path;
  private final Path ticket;
  private final FileChannel file;

  /** A file of its own: whoever closes any descriptor of a file gives up its locks on it. */
  private final FileChannel turn;

  private @Nullable FileLock lock;

  /**
   * @param directory made if need be
   */
  HandOver(Path directory) throws MountException {
    try {
      Files.createDirectories(directory);
      path = directory.resolve("serving");
      ticket = directory.resolve(TICKET + ProcessHandle.current().pid());
      file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      turn =
          FileChannel.open(
              directory.resolve("turn"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new MountException("the run directory " + directory + " can't be used: " + e);
    }
  }

  /** Takes the turn if it is nobody's. */
  boolean tryNow() throws IOException {
    lock = turn.tryLock();
    return lock != null;
  }

  /** Lets others know that this daemon waits. */
  void queue() throws IOException {
    Files.writeString(ticket, "");
  }

  /** Waits for the turn. */
  void await() throws IOException {
    lock = turn.lock();
    Files.deleteIfExists(ticket);
  }

  /** Whether another daemon waits. */
  boolean isAwaited() {
    try (DirectoryStream<Path> tickets =
        Files.newDirectoryStream(path.resolveSibling("."), TICKET + "*")) {
      for (Path other : tickets) {
        String pid = other.getFileName().toString().substring(TICKET.length());
        if (Files.exists(Path.of("/proc", pid))) {
          return true;
        }
        Files.deleteIfExists(other); // of one that died while it waited
      }
    } catch (IOException e) {
      // Then nobody can have left one.
    }
    return false;
  }

  /** Tells the keepers, by the time of the file, that the daemon whose turn it is lives. */
  void beat() {
    try {
      Files.setLastModifiedTime(path, FileTime.from(Instant.now()));
    } catch (IOException e) {
      // Somebody removed it, and the keepers take that for a daemon that is not in a hurry.
    }
  }

  /** For how long, at most, the daemon whose turn it was has not served any more. */
  Duration sinceBeat() throws IOException {
    Duration since = Duration.between(Files.getLastModifiedTime(path).toInstant(), Instant.now());
    return since.isNegative() ? Duration.ZERO : since; // the clock was set
  }

  /** Whether the daemon whose turn it was left in good order. Asked once in a turn. */
  boolean wasLeft() throws IOException {
    boolean left = file.size() > 0;
    file.truncate(0);
    return left;
  }

  /** Says that all is in good order. */
  void leave() throws IOException {
    int _ = file.write(ByteBuffer.wrap(new byte[] {'\n'}), 0);
  }

  /** Leaves the turn to the next. */
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(ticket);
    file.close();
    turn.close();
  }
}
