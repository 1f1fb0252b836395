// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskWalkTest {
  @TempDir Path top;

  private Path tasks(String path, String text) throws IOException {
    Path directory = Files.createDirectories(top.resolve(path));
    return Files.writeString(directory.resolve("tasks"), text);
  }

  private Optional<int[]> walk() throws IOException {
    return TaskWalk.ids(top, "tasks", () -> false);
  }

  @Test
  void allBelowIsFoundOnce() throws IOException {
    Path _ = tasks(".", "1\n2\n");
    Path _ = tasks("a", "3\n");
    Path _ = tasks("a/b", "4\n5\n");
    Path _ = tasks("c", "");
    Path _ = Files.createDirectory(top.resolve("without"));
    Path _ = Files.createSymbolicLink(top.resolve("loop"), top);
    assertThat(walk().orElseThrow()).containsExactlyInAnyOrder(1, 2, 3, 4, 5);
    assertThat(open()).isZero();
  }

  @Test
  void aListThatTakesManyReadsIsWhole() throws IOException {
    StringBuilder text = new StringBuilder();
    IntStream.rangeClosed(1, 20_000).forEach(tid -> text.append(tid).append('\n'));
    Path _ = tasks(".", text.toString());
    assertThat(walk().orElseThrow()).containsExactly(IntStream.rangeClosed(1, 20_000).toArray());
  }

  @Test
  void whatIsNoNumberIsLeftOut() throws IOException {
    Path _ = tasks(".", "\n1\nx\n\n 2 -3\n0\n4");
    assertThat(walk().orElseThrow()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void aDirectoryThatIsGoneIsAnError() {
    assertThatThrownBy(() -> TaskWalk.ids(top.resolve("gone"), "tasks", () -> false))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(this::walk).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void whatIsDeeperThanAnyContainerIsNotWalked() throws IOException {
    Path _ = tasks(".", "1\n");
    Path _ = tasks("a/".repeat(TaskWalk.MAX_DEPTH), "2\n");
    assertThat(walk().orElseThrow()).containsExactly(1, 2);
    Path _ = tasks("a/".repeat(TaskWalk.MAX_DEPTH + 1), "3\n");
    assertThat(walk()).isEmpty();
    assertThat(open()).isZero();
  }

  @Test
  void moreThanAnyContainerHasIsNotWalked() throws IOException {
    Path _ = tasks(".", "1\n");
    for (int i = 1; i < TaskWalk.MAX_DIRECTORIES; i++) {
      Path _ = Files.createDirectory(top.resolve("c" + i));
    }
    assertThat(walk().orElseThrow()).containsExactly(1);
    Path _ = Files.createDirectory(top.resolve("more"));
    assertThat(walk()).isEmpty();
  }

  @Test
  void moreThreadsThanAnyContainerHasAreNotAllRead() throws IOException {
    Path _ = tasks(".", "1\n".repeat(TaskWalk.MAX_TASKS));
    assertThat(walk().orElseThrow()).hasSize(TaskWalk.MAX_TASKS);
    Path _ = tasks(".", "1\n".repeat(10 * TaskWalk.MAX_TASKS));
    assertThat(walk()).isEmpty();
  }

  @Test
  void thereIsAnEndToTime() throws IOException {
    Path _ = tasks(".", "1\n");
    for (int i = 0; i < 10; i++) {
      Path _ = tasks("c" + i, "2\n");
    }
    AtomicInteger asked = new AtomicInteger();
    assertThat(TaskWalk.ids(top, "tasks", () -> asked.incrementAndGet() > 5)).isEmpty();
    assertThat(asked).hasValue(6);
    assertThat(open()).isZero();
  }

  private long open() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.filter(this::isBelow).count();
    }
  }

  private boolean isBelow(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(top);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }
}
