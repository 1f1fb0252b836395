// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.fuse.MountProbe.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountProbeTest {
  private static final Duration DEADLINE = Duration.ofMillis(50);

  @TempDir private Path folder;

  /** Whoever opens it waits for somebody to write. */
  private Path silent() throws Exception {
    Path file = folder.resolve("silent");
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
    return file;
  }

  @Test
  void whatDoesNotAnswerHangs() throws Exception {
    assertThat(new MountProbe(silent(), DEADLINE).probe()).isEqualTo(Result.HANGS);
  }

  @Test
  void whoAnswersOthersIsLate() throws Exception {
    assertThat(probe(MountProbe.OWN_REQUESTS + 1)).isEqualTo(Result.LATE);
  }

  @Test
  void whoAnswersTheProbeAloneAndNotToTheEndHangs() throws Exception {
    assertThat(probe(MountProbe.OWN_REQUESTS)).isEqualTo(Result.HANGS);
  }

  /** Of one that answers so many meanwhile. */
  private Result probe(int meanwhile) throws Exception {
    AtomicLong answers = new AtomicLong();
    return new MountProbe(silent(), DEADLINE, () -> answers.getAndAdd(meanwhile)).probe();
  }

  @Test
  void whatWasAnsweredBeforeIsNoSignOfLife() throws Exception {
    assertThat(new MountProbe(silent(), DEADLINE, () -> 77).probe()).isEqualTo(Result.HANGS);
  }

  @Test
  void textIsAnAnswerAndNothingIsNone() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "MemTotal: 1 kB\n");
    Duration minute = Duration.ofMinutes(1);
    assertThat(new MountProbe(file, minute).probe()).isEqualTo(Result.ANSWERS);
    assertThat(new MountProbe(folder.resolve("none"), minute).probe()).isEqualTo(Result.DEAD);
  }
}
