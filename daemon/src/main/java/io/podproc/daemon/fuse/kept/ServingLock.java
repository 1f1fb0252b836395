// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Whose turn it is to serve. One daemon at a time holds the lock while it serves; the kernel takes
 * it from a daemon that dies, and gives it to the next.
 */
final class ServingLock implements AutoCloseable {
  private static final String TICKET = "waiting-";
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** What the file holds once a daemon has left in good order. */
  private static final byte LEFT = '\n';

  /** What it holds from the beginning of a turn until the daemon serves. */
  private static final byte BEGUN = 'b';

  private final Path path;
  private final Path ticket;
  private final FileChannel file;

  /**
   * What a daemon locks while it has the turn, in this order. Two, for a stranger that has one
   * locked for reading would have the turn for ever: a daemon goes on with the other.
   */
  private final List<LockFile> turn;

  /** Those that a stranger has had, which was told. */
  private final Set<LockFile> strangers = new HashSet<>();

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
          List.of(
              new LockFile(directory.resolve("turn")), new LockFile(directory.resolve("turn-2")));
      keepFromOthers(path, 0600);
      for (LockFile each : turn) {
        keepFromOthers(each.path(), 0600);
      }
    } catch (IOException e) {
      throw new MountException("the run directory " + directory + " can't be used: " + e);
    }
  }

  private static void keepFromOthers(Path file, int mode) throws IOException {
    if (((int) Files.getAttribute(file, "unix:mode") & 0777) != mode) {
      Files.setAttribute(file, "unix:mode", mode);
    }
  }

  /** Takes the turn if it is no other daemon's. */
  boolean tryNow() throws IOException {
    return isOurs(daemons());
  }

  private boolean isOurs(Optional<LockFile> daemons) {
    return daemons.isEmpty() && turn.stream().anyMatch(LockFile::isLocked);
  }

  /**
   * Locks what nobody else has locked, and gives up what comes after a daemon's: two that wait for
   * each other would wait for ever.
   *
   * @return the first file that is a daemon's
   */
  private Optional<LockFile> daemons() throws IOException {
    Optional<LockFile> first = Optional.empty();
    for (LockFile each : turn) {
      if (first.isPresent()) {
        each.release();
      } else if (!each.tryLock() && !isStrangers(each)) {
        first = Optional.of(each);
      }
    }
    if (first.isPresent()) {
      return first;
    }
    // What was a stranger's may be a daemon's by now, which has gone without another.
    return turn.stream().filter(each -> !each.isLocked() && !isStrangers(each)).findFirst();
  }

  private boolean isStrangers(LockFile file) {
    boolean isStrangers = file.isReadLocked();
    if (isStrangers && strangers.add(file)) {
      Log.warn(
          "process %s, which is no daemon of podproc, has locked %s: going on without",
          file.holder().orElse("unknown"), file.path());
    }
    return isStrangers;
  }

  /**
   * The process whose turn it is, where it is not this one's, as the kernel tells; empty where it
   * is nobody else's, or not told.
   */
  Optional<String> holder() {
    return Stream.concat(turn.stream().filter(each -> !each.isReadLocked()), turn.stream())
        .flatMap(each -> each.holder().stream())
        .findFirst();
  }

  /** Lets others know that this daemon waits. */
  void queue() throws IOException {
    Files.writeString(ticket, "");
  }

  /**
   * Waits for the turn. A file is waited for a second at a time: a stranger that waits as well may
   * have got it.
   */
  void await() throws IOException, InterruptedException {
    Thread waiting = Thread.currentThread();
    Thread waker =
        Thread.ofPlatform().daemon().name("standing-by-waker").start(() -> wake(waiting));
    try {
      Optional<LockFile> daemons = daemons();
      while (!isOurs(daemons)) {
        waitFor(daemons);
        daemons = daemons();
      }
    } finally {
      waker.interrupt();
      waker.join();
      boolean _ = Thread.interrupted(); // by the waker, at the last moment
    }
    Files.deleteIfExists(ticket);
  }

  private static void wake(Thread waiting) {
    try {
      while (true) {
        Thread.sleep(LOOK);
        waiting.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it waits no longer
    }
  }

  /**
   * @param file empty where strangers have all of them
   */
  private static void waitFor(Optional<LockFile> file) throws IOException {
    try {
      if (file.isPresent()) {
        file.get().lock();
      } else {
        Thread.sleep(LOOK);
      }
    } catch (FileLockInterruptionException | InterruptedException e) {
      boolean _ = Thread.interrupted(); // it is time to look again
    }
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
    for (LockFile each : turn) {
      each.close();
    }
  }
}
