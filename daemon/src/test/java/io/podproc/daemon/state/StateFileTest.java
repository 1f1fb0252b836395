// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.view.Load;
import io.podproc.rules.CpuWish;
import io.podproc.rules.Shown;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {
  private static final Snapshot.Accounts CPU =
      new Snapshot.Accounts(
          Long.MAX_VALUE,
          new CpuUsage(new CpuTime(1, 2, 3), List.of(4L, 5L)),
          new CpuTime(6, 7, 8),
          List.of(new Snapshot.Account(new CpuTime(9, 10, 11), 0.1 + 0.2, 12)));
  private static final Snapshot SNAPSHOT =
      new Snapshot(
          -5,
          List.of(
              new Snapshot.OfContainer(
                  new ProcCgroup(Map.of("cpu", "/a \"b\"", "memory", "/ü"), Optional.of("/c")),
                  300,
                  Duration.ofNanos(1234567890123456789L),
                  Optional.of(CPU),
                  new Load(List.of(1L, 2L, 3L), 4, 5, 6, 41, 42),
                  43,
                  Optional.of(new NodeCounts(44, 45, List.of(46L, 47L))),
                  new Shown(new CpuWish(CpuWish.Kind.NUMBER, 1.5), OptionalLong.of(1L << 30))),
              new Snapshot.OfContainer(
                  new ProcCgroup(Map.of(), Optional.empty()),
                  0,
                  Duration.ZERO,
                  Optional.empty(),
                  new Load(List.of(0L, 0L, 0L), 0, 0, 0, 0, 0),
                  0,
                  Optional.empty(),
                  Shown.USUAL)));

  @TempDir Path directory;

  private Path path() {
    return directory.resolve("state");
  }

  private Optional<Snapshot> read() {
    return new StateFile(directory).read();
  }

  @Test
  void theNextDaemonKnowsWhatTheLastOneKnew() {
    new StateFile(directory).write(SNAPSHOT);
    assertThat(read()).contains(SNAPSHOT);
    new StateFile(directory).write(new Snapshot(7, List.of()));
    assertThat(read()).contains(new Snapshot(7, List.of()));
  }

  @Test
  void theFirstDaemonKnowsNothing() {
    assertThat(read()).isEmpty();
  }

  @Test
  void whatIsCutShortAnywhereIsLeftAside() throws IOException {
    new StateFile(directory).write(SNAPSHOT);
    byte[] whole = Files.readAllBytes(path());
    for (int length = 0; length < whole.length; length++) {
      Files.write(path(), List.of());
      Files.write(path(), java.util.Arrays.copyOf(whole, length));
      assertThat(read()).as("%d of %d bytes", length, whole.length).isEmpty();
    }
  }

  @Test
  void whatOtherVersionsLeftIsLeftAside() throws IOException {
    Files.writeString(path(), "{\"version\":1,\"sampledNanos\":1,\"containers\":[]}");
    assertThat(read()).isEmpty();
    new StateFile(directory).write(SNAPSHOT);
    byte[] newer = Files.readAllBytes(path());
    newer[3]++;
    Files.write(path(), newer);
    assertThat(read()).isEmpty();
  }

  @Test
  void whatGoesOnAfterItsEndIsLeftAside() throws IOException {
    new StateFile(directory).write(SNAPSHOT);
    Files.write(path(), new byte[1], StandardOpenOption.APPEND);
    assertThat(read()).isEmpty();
  }

  /** Whatever was flipped: it says something else, or it is left aside. */
  @Test
  void noDamageIsAnError() throws IOException {
    new StateFile(directory).write(SNAPSHOT);
    byte[] whole = Files.readAllBytes(path());
    for (int at = 0; at < whole.length; at++) {
      for (int damage : new int[] {0, 0x7f, 0x80, 0xff}) {
        byte[] damaged = whole.clone();
        damaged[at] = (byte) damage;
        Files.write(path(), damaged);
        assertThatNoException().as("%d is %d", at, damage).isThrownBy(this::read);
      }
    }
  }

  @Test
  void aFullNodeOfManyProcessorsIsRemembered() {
    Snapshot.OfContainer container =
        new Snapshot.OfContainer(
            new ProcCgroup(Map.of(), Optional.of("/kubepods.slice/" + "x".repeat(150))),
            300,
            Duration.ofDays(1),
            Optional.of(
                new Snapshot.Accounts(
                    1,
                    new CpuUsage(new CpuTime(1, 2, 3), Collections.nCopies(256, 4L)),
                    new CpuTime(6, 7, 8),
                    Collections.nCopies(
                        256, new Snapshot.Account(new CpuTime(9, 10, 11), 0.5, 12)))),
            new Load(List.of(1L, 2L, 3L), 4, 5, 6, 41, 42),
            43,
            Optional.of(new NodeCounts(44, 45, List.of(46L, 47L))),
            Shown.USUAL);
    Snapshot full = new Snapshot(1, Collections.nCopies(500, container));
    new StateFile(directory).write(full);
    assertThat(read()).contains(full);
  }

  @Test
  void aHugeFileIsNotRead() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path().toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    assertThat(read()).isEmpty();
  }

  @Test
  void aDirectoryThatIsGoneIsNoReasonToFail() throws IOException {
    StateFile file = new StateFile(directory.resolve("gone"));
    file.write(SNAPSHOT);
    assertThat(file.read()).isEmpty();
    Files.createDirectory(path());
    assertThat(read()).isEmpty();
  }
}
