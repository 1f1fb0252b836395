// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServingLockTest {
  @TempDir Path directory;

  /** Another process is refused it: within one process the JDK does not ask the kernel. */
  private boolean isLocked() throws IOException {
    List<Object> inodes =
        List.of(
            Files.getAttribute(directory.resolve("turn"), "unix:ino"),
            Files.getAttribute(directory.resolve("turn-2"), "unix:ino"));
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .filter(line -> line.contains(" WRITE "))
        .anyMatch(line -> inodes.stream().anyMatch(inode -> line.contains(":" + inode + " ")));
  }

  @Test
  void aTurnLastsUntilItIsClosed() throws Exception {
    try (ServingLock turn = new ServingLock(directory)) {
      assertThat(turn.tryNow()).isTrue();
      turn.begin();
      assertThat(turn.wasLeft()).isFalse();
      assertThat(isLocked()).isTrue();
      turn.serves();
      assertThat(isLocked()).isTrue();
      turn.heartbeat();
      assertThat(isLocked()).isTrue();
      turn.leave();
      assertThat(isLocked()).isTrue();
    }
    assertThat(isLocked()).isFalse();
  }

  @Test
  void nobodyElseCanLookIntoItsDirectory() throws Exception {
    Path files = Files.createDirectory(directory.resolve("run"));
    Files.createFile(files.resolve("turn"));
    Files.setPosixFilePermissions(files, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(
        files.resolve("turn"), PosixFilePermissions.fromString("rw-r--r--"));
    try (ServingLock _ = new ServingLock(files)) {
      assertThat(mode(files)).isEqualTo("rwx------");
      assertThat(mode(files.resolve("turn"))).isEqualTo("rw-------");
      assertThat(mode(files.resolve("serving"))).isEqualTo("rw-------");
    }
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  @Test
  void theKernelTellsWhoseTurnItIs() throws Exception {
    try (ServingLock free = new ServingLock(directory)) {
      assertThat(free.holder()).isEmpty();
    }
    Process other = lock("turn", "r+", "LOCK_EX");
    try (ServingLock waiting = new ServingLock(directory)) {
      assertThat(waiting.tryNow()).isFalse();
      assertThat(waiting.holder()).contains(other.pid() + " (python3)");
    } finally {
      end(other);
    }
  }

  /** Another process: of its own locks nobody is told. */
  private Process lock(String file, String mode, String kind) throws IOException {
    Process other = start(file, mode, kind);
    assertThat(other.getInputStream().read()).isEqualTo('1');
    return other;
  }

  private Process start(String file, String mode, String kind) throws IOException {
    return new ProcessBuilder(
            "python3",
            "-c",
            "import fcntl, sys; f = open(sys.argv[1], sys.argv[2]);"
                + " fcntl.lockf(f, getattr(fcntl, sys.argv[3]));"
                + " print(1, flush=True); sys.stdin.read()",
            Files.writeString(directory.resolve(file), "").toString(),
            mode,
            kind)
        .start();
  }

  private static void end(Process other) throws InterruptedException {
    boolean _ = other.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"turn", "turn-2"})
  void whoLocksAFileForReadingIsNoDaemonAndIsNotWaitedFor(String file) throws Exception {
    Process stranger = lock(file, "r", "LOCK_SH");
    try (ServingLock turn = new ServingLock(directory)) {
      assertThat(turn.tryNow()).isTrue();
      assertThat(isLocked()).isTrue();
    } finally {
      end(stranger);
    }
  }

  /** A daemon that went on without the first file is in the way of others by the second. */
  @Test
  void aDaemonBesideAStrangerIsWaitedFor() throws Exception {
    Process stranger = lock("turn", "r", "LOCK_SH");
    Process daemon = lock("turn-2", "r+", "LOCK_EX");
    try (ServingLock waiting = new ServingLock(directory)) {
      assertThat(waiting.tryNow()).isFalse();
      assertThat(waiting.holder()).contains(daemon.pid() + " (python3)");
      end(stranger);
      assertThat(waiting.tryNow()).isFalse();
      end(daemon);
      waiting.await();
      assertThat(waiting.tryNow()).isTrue();
    } finally {
      end(stranger);
      end(daemon);
    }
  }

  /** It has queued for a read lock while a daemon served, and gets it before the next one does. */
  @Test
  void aStrangerThatWaitedAsWellIsNotWaitedFor() throws Exception {
    Process daemon = lock("turn", "r+", "LOCK_EX");
    Process second = lock("turn-2", "r+", "LOCK_EX");
    Process stranger = start("turn", "r", "LOCK_SH");
    try (ServingLock waiting = new ServingLock(directory)) {
      awaitQueue(1);
      FutureTask<Boolean> turn =
          new FutureTask<>(() -> {
            waiting.await();
            return true;
          });
      Thread.ofPlatform().daemon().start(turn);
      awaitQueue(2);
      end(daemon); // the kernel wakes those who wait in their order
      Thread.sleep(200);
      end(second);
      assertThat(turn.get(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      end(stranger);
      end(daemon);
      end(second);
    }
  }

  /** The kernel lists who waits for a lock behind it, by an arrow. */
  private void awaitQueue(int length) throws Exception {
    Object inode = Files.getAttribute(directory.resolve("turn"), "unix:ino");
    while (Files.readAllLines(Path.of("/proc/locks")).stream()
            .filter(line -> line.contains("->") && line.contains(":" + inode + " "))
            .count()
        < length) {
      Thread.sleep(10);
    }
  }

  @Test
  void aHeartbeatIsSeenAtTheTimeOfTheFile() throws Exception {
    try (ServingLock turn = new ServingLock(directory)) {
      assertThat(turn.tryNow()).isTrue();
      Path file = directory.resolve("serving");
      Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
      turn.heartbeat();
      assertThat(Files.getLastModifiedTime(file).toInstant()).isAfter(Instant.EPOCH);
    }
  }

  /** Whoever set the host's clock, or whenever it was set. */
  @Test
  void howLongNobodyServedIsTakenFromNoClockThatIsSet() throws Exception {
    try (ServingLock turn = new ServingLock(directory)) {
      Path file = directory.resolve("serving");
      turn.heartbeat();
      assertThat(turn.sinceHeartbeat()).isLessThan(Duration.ofSeconds(20));
      // The time of the file is no date.
      assertThat(Files.getLastModifiedTime(file).toInstant())
          .isBefore(Instant.EPOCH.plus(Duration.ofDays(10_000)));
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().plus(Duration.ofDays(365))));
      assertThat(turn.sinceHeartbeat()).isZero();
    }
  }

  /** By the file of the daemon whose turn it is: to close another one of it would let it go. */
  @Test
  void whoHasTheTurnKeepsItWhenItIsAskedWhoHas() throws Exception {
    try (ServingLock turn = new ServingLock(directory)) {
      assertThat(turn.tryNow()).isTrue();
      assertThat(turn.holder()).isEmpty();
      assertThat(isLocked()).isTrue();
    }
  }

  @Test
  void theNextKnowsWhetherTheLastLeftInGoodOrder() throws Exception {
    try (ServingLock left = new ServingLock(directory)) {
      assertThat(left.tryNow()).isTrue();
      left.begin();
      left.serves();
      left.leave();
    }
    try (ServingLock killed = new ServingLock(directory)) {
      assertThat(killed.tryNow()).isTrue();
      killed.begin();
      assertThat(killed.wasLeft()).isTrue();
      killed.serves();
    }
    try (ServingLock next = new ServingLock(directory)) {
      assertThat(next.tryNow()).isTrue();
      next.begin();
      assertThat(next.wasLeft()).isFalse();
    }
  }

  /** Else each of them would have readers wait for another patience of the keeper's. */
  @Test
  void daemonsThatDieBeforeTheyServeGiveOneSignOfLifeInAll() throws Exception {
    assertThat(isHeardAtTheBegin(false)).isTrue();
    assertThat(isHeardAtTheBegin(false)).isFalse();
    assertThat(isHeardAtTheBegin(true)).isFalse();
    assertThat(isHeardAtTheBegin(false)).isTrue();
  }

  private boolean isHeardAtTheBegin(boolean serves) throws Exception {
    Path file = directory.resolve("serving");
    try (ServingLock turn = new ServingLock(directory)) {
      assertThat(turn.tryNow()).isTrue();
      Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
      turn.begin();
      boolean heard = Files.getLastModifiedTime(file).toInstant().isAfter(Instant.EPOCH);
      if (serves) {
        turn.serves();
        assertThat(Files.getLastModifiedTime(file).toInstant()).isAfter(Instant.EPOCH);
      }
      return heard;
    }
  }
}
