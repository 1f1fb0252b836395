// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Memory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateFileTest {
  private static final Memory.Accounts CPU =
      new Memory.Accounts(
          Long.MAX_VALUE,
          new CpuUsage(new CpuTime(1, 2, 3), List.of(4L, 5L)),
          new CpuTime(6, 7, 8),
          List.of(new Memory.Account(new CpuTime(9, 10, 11), 0.1 + 0.2, 12)));
  private static final Memory MEMORY =
      new Memory(
          -5,
          List.of(
              new Memory.OfContainer(
                  new ProcCgroup(Map.of("cpu", "/a \"b\"", "memory", "/ü"), Optional.of("/c")),
                  Duration.ofNanos(1234567890123456789L),
                  Optional.of(CPU),
                  List.of(1L, 2L, 3L),
                  42),
              new Memory.OfContainer(
                  new ProcCgroup(Map.of(), Optional.empty()),
                  Duration.ZERO,
                  Optional.empty(),
                  List.of(0L, 0L, 0L),
                  0)));

  @TempDir Path directory;

  private Path path() {
    return directory.resolve("state.json");
  }

  private Optional<Memory> read() {
    return new StateFile(directory).read();
  }

  @Test
  void theNextDaemonKnowsWhatTheLastOneKnew() {
    new StateFile(directory).write(MEMORY);
    assertThat(read()).contains(MEMORY);
    new StateFile(directory).write(new Memory(7, List.of()));
    assertThat(read()).contains(new Memory(7, List.of()));
  }

  @Test
  void theFirstDaemonKnowsNothing() {
    assertThat(read()).isEmpty();
  }

  @Test
  void whatIsCutShortAnywhereIsLeftAside() throws IOException {
    new StateFile(directory).write(MEMORY);
    byte[] whole = Files.readAllBytes(path());
    for (int length = 0; length < whole.length; length++) {
      Files.write(path(), List.of());
      Files.write(path(), java.util.Arrays.copyOf(whole, length));
      assertThat(read()).as("%d of %d bytes", length, whole.length).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"version\":2,\"sampledNanos\":1,\"containers\":[]}",
        "{\"version\":\"1\",\"sampledNanos\":1,\"containers\":[]}",
        "{\"version\":1,\"sampledNanos\":1.5,\"containers\":[]}",
        "{\"version\":1,\"sampledNanos\":99999999999999999999,\"containers\":[]}",
        "{\"version\":1,\"sampledNanos\":1,\"containers\":[{}]}",
        "{\"version\":1,\"sampledNanos\":1,\"containers\":[1]}",
        "{\"version\":1,\"sampledNanos\":1}",
        "[]",
        "null",
        "\u0000"
      })
  void whatIsNotUnderstoodIsLeftAside(String text) throws IOException {
    Files.writeString(path(), text);
    assertThat(read()).isEmpty();
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
    file.write(MEMORY);
    assertThat(file.read()).isEmpty();
    Files.createDirectory(path());
    assertThat(read()).isEmpty();
  }
}
