// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to serve. One daemon at a time holds the lock while it serves; the kernel takes
 * it from a daemon that dies, and gives it to the next.
 */
final class ServingLock implements AutoCloseable {
  private static final String TICKET = "waiting-";

  /** What the file holds once a daemon has left in good order. */
  private static final byte LEFT = '\n';

  /** What it holds from the beginning of a turn until the daemon serves. */
  private static final byte BEGUN = 'b';

  private final Path path;
  private final Path ticket;
  private final FileChannel file;

  /** A file of its own: whoever closes any descriptor of a file gives up its locks on it. */
  private final FileChannel turn;

  /** The same file, to ask whose lock it has. It is closed with the other, for the same reason. */
  private final int asked;

  private @Nullable FileLock lock;

  /** The daemon whose turn it was before left in good order. */
  private boolean wasLeft;

  /** The last sign of life could not be given. */
  private boolean isUnheard;

  /**
   * @param directory made if need be. Nobody else may look into it: whoever can open a file can
   *     take a lock on it
   */
  ServingLock(Path directory) throws MountException {
    try {
      Files.createDirectories(directory);
      keepFromOthers(directory, 0700);
      path = directory.resolve("serving");
      ticket = directory.resolve(TICKET + ProcessHandle.current().pid());
      file =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      turn =
          FileChannel.open(
              directory.resolve("turn"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      keepFromOthers(path, 0600);
      keepFromOthers(directory.resolve("turn"), 0600);
      asked = open(directory.resolve("turn"));
    } catch (IOException e) {
      throw new MountException("the run directory " + directory + " can't be used: " + e);
    }
  }

  private static int open(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      int descriptor =
          new SystemCalls(arena).open(file.toString(), SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC);
      if (descriptor < 0) {
        throw new IOException("error " + -descriptor + " of open(2)");
      }
      return descriptor;
    }
  }

  private static void keepFromOthers(Path file, int mode) throws IOException {
    if (((int) Files.getAttribute(file, "unix:mode") & 0777) != mode) {
      Files.setAttribute(file, "unix:mode", mode);
    }
  }

  /** Takes the turn if it is nobody's. */
  boolean tryNow() throws IOException {
    lock = turn.tryLock();
    return lock != null;
  }

  /**
   * The process whose turn it is, where it is not this one's, as the kernel tells; empty where it
   * is nobody else's, or not told.
   */
  Optional<String> holder() {
    try (Arena arena = Arena.ofConfined()) {
      return Optional.of(new SystemCalls(arena).lockHolder(asked))
          .filter(pid -> pid > 0)
          .map(ServingLock::name);
    }
  }

  private static String name(int pid) {
    try {
      return pid + " (" + Files.readString(Path.of("/proc", pid + "", "comm")).strip() + ")";
    } catch (IOException e) {
      return Integer.toString(pid);
    }
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
  void heartbeat() {
    try {
      Files.setLastModifiedTime(path, now());
      isUnheard = false;
    } catch (IOException e) {
      if (!isUnheard) {
        Log.warn("keepers can't be told that this daemon lives, and may end the mount: %s", e);
      }
      isUnheard = true;
    }
  }

  /** For how long, at most, the daemon whose turn it was has not served any more. */
  Duration sinceHeartbeat() throws IOException {
    Duration since =
        Duration.between(Files.getLastModifiedTime(path).toInstant(), now().toInstant());
    return since.isNegative() ? Duration.ZERO : since; // it is from before the host's boot
  }

  /** By a clock that nobody sets. */
  private static FileTime now() {
    return FileTime.from(SystemCalls.bootNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Begins this daemon's turn. To find the connection may take longer than a keeper's patience
   * still lasts, so it gives a sign of life: unless the one before died before it served, for
   * daemons that all do would have readers wait for ever.
   */
  void begin() throws IOException {
    ByteBuffer last = ByteBuffer.allocate(1);
    boolean told = file.read(last, 0) == 1;
    wasLeft = told && last.get(0) == LEFT;
    if (!told || last.get(0) != BEGUN) {
      try {
        write(BEGUN);
      } catch (IOException e) {
        // The disk is full: a daemon that dies before it serves is then not told from others.
      }
      heartbeat();
    }
  }

  /** The turn is no longer at its beginning: what may wait for an answer gets one. */
  void serves() throws IOException {
    wasLeft = false;
    file.truncate(0);
    heartbeat();
  }

  /** Whether the daemon whose turn it was before left in good order. */
  boolean wasLeft() {
    return wasLeft;
  }

  /** Says that all is in good order. */
  void leave() throws IOException {
    write(LEFT);
  }

  private void write(byte state) throws IOException {
    int _ = file.write(ByteBuffer.wrap(new byte[] {state}), 0);
  }

  /** Leaves the turn to the next. */
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(ticket);
    file.close();
    turn.close();
    try (Arena arena = Arena.ofConfined()) {
      int _ = new SystemCalls(arena).close(asked);
    }
  }
}
