// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HandOverTest {
  @TempDir Path directory;

  /** Another process is refused it: within one process the JDK does not ask the kernel. */
  private boolean isLocked() throws IOException {
    Object inode = Files.getAttribute(directory.resolve("turn"), "unix:ino");
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .anyMatch(line -> line.contains(":" + inode + " "));
  }

  @Test
  void aTurnLastsUntilItIsClosed() throws Exception {
    try (HandOver turn = new HandOver(directory)) {
      assertThat(turn.tryNow()).isTrue();
      assertThat(turn.wasLeft()).isFalse();
      assertThat(isLocked()).isTrue();
      turn.beat();
      assertThat(isLocked()).isTrue();
      turn.leave();
      assertThat(isLocked()).isTrue();
    }
    assertThat(isLocked()).isFalse();
  }

  @Test
  void aBeatIsSeenAtTheTimeOfTheFile() throws Exception {
    try (HandOver turn = new HandOver(directory)) {
      assertThat(turn.tryNow()).isTrue();
      Path file = directory.resolve("serving");
      Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
      turn.beat();
      assertThat(Files.getLastModifiedTime(file).toInstant()).isAfter(Instant.EPOCH);
    }
  }

  @Test
  void theNextKnowsWhetherTheLastLeftInGoodOrder() throws Exception {
    try (HandOver left = new HandOver(directory)) {
      assertThat(left.tryNow()).isTrue();
      left.beat();
      left.leave();
    }
    try (HandOver killed = new HandOver(directory)) {
      assertThat(killed.tryNow()).isTrue();
      assertThat(killed.wasLeft()).isTrue();
    }
    try (HandOver next = new HandOver(directory)) {
      assertThat(next.tryNow()).isTrue();
      assertThat(next.wasLeft()).isFalse();
    }
  }
}
