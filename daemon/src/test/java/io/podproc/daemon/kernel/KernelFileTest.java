// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFileTest {
  @TempDir Path directory;
  private Path path;
  private KernelFile file;

  @BeforeEach
  void place() {
    path = directory.resolve("memory.max");
    file = new KernelFile(directory, "memory.max");
  }

  @Test
  void aSecondReadGivesFreshText() throws IOException {
    Files.writeString(path, "1\n");
    assertThat(file.read()).isEqualTo("1\n");
    Files.writeString(path, "max\n");
    assertThat(file.read()).isEqualTo("max\n");
  }

  @Test
  void aTextLargerThanTheBufferIsReadWhole() throws IOException {
    String text = "0123456789abcde\n".repeat(4096 * 3 / 16) + "end";
    Files.writeString(path, text);
    assertThat(file.read()).isEqualTo(text);
  }

  @Test
  void aTextThatJustFillsTheBufferIsReadWhole() throws IOException {
    Files.writeString(path, "x".repeat(4096));
    assertThat(file.read()).hasSize(4096);
  }

  @Test
  void aTextMayGrowAndShrinkBetweenReads() throws IOException {
    for (int size : new int[] {10, 20_000, 3, 0, 5000}) {
      Files.writeString(path, "x".repeat(size));
      assertThat(file.read()).hasSize(size);
    }
  }

  @Test
  void aMissingFileIsAnError() throws IOException {
    assertThatThrownBy(file::read).isInstanceOf(NoSuchFileException.class);
    assertThat(file.readIfPresent()).isEmpty();
  }

  @Test
  void aFileThatAppearsLaterIsRead() throws IOException {
    assertThat(file.readIfPresent()).isEmpty();
    Files.writeString(path, "here\n");
    assertThat(file.readIfPresent()).contains("here\n");
  }

  @Test
  void aKernelFileThatIsGoneIsAnErrorEachTime() throws Exception {
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    try (KernelFile stat = new KernelFile(Path.of("/proc"), sleeper.pid() + "/stat")) {
      assertThat(stat.read()).startsWith(sleeper.pid() + " ");
      sleeper.destroyForcibly().waitFor();
      assertThatThrownBy(stat::read).isInstanceOf(IOException.class);
      assertThatThrownBy(stat::read).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aFileIsOpenedAgainOnRequest() throws IOException {
    Files.writeString(path, "old\n");
    assertThat(file.read()).isEqualTo("old\n");
    Files.delete(path);
    Files.writeString(path, "new\n");
    file.reopen();
    assertThat(file.read()).isEqualTo("new\n");
  }

  @Test
  void aClosedFileIsNeverOpenedAgain() throws IOException {
    Files.writeString(path, "here\n");
    file.close();
    assertThatThrownBy(file::read).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(file::readIfPresent).isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void aTextInOnePieceIsReadWholeWhateverItsSize() throws IOException {
    try (KernelFile whole = KernelFile.inOnePiece(directory, "memory.max")) {
      for (int size : new int[] {10, 100_000, 20_000, 8192, 0}) {
        Files.writeString(path, "x".repeat(size));
        assertThat(whole.read()).hasSize(size);
      }
    }
  }

  @Test
  void whatIsNoFileIsAnErrorThatNamesIt() {
    assertThatThrownBy(() -> new KernelFile(directory, ".").read())
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining(directory.toString());
  }

  @Test
  void bytesThatAreNotAsciiPassThrough() throws IOException {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    Files.write(path, all);
    assertThat(file.read().getBytes(StandardCharsets.ISO_8859_1)).isEqualTo(all);
  }

  @Test
  void anEmptyFileIsAnEmptyText() throws IOException {
    Files.createFile(path);
    assertThat(file.read()).isEmpty();
  }

  @Test
  void whatIsTooLargeIsNoKernelText() throws IOException {
    try (RandomAccessFile huge = new RandomAccessFile(path.toFile(), "rw")) {
      huge.setLength((16 << 20) + 1);
    }
    assertThatThrownBy(file::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("more than");
  }

  @Test
  void manyReadersNeverSeeTornText() throws Exception {
    int readers = 4;
    String text = "0123456789abcde\n".repeat(65_536);
    Files.writeString(path, text);
    try (ExecutorService threads = Executors.newFixedThreadPool(readers)) {
      for (int round = 0; round < 20; round++) {
        // A new one each time: its buffer grows while all of them read.
        KernelFile shared = new KernelFile(directory, "memory.max");
        CountDownLatch begin = new CountDownLatch(readers);
        List<Future<String>> texts = new ArrayList<>();
        for (int i = 0; i < readers; i++) {
          texts.add(
              threads.submit(() -> {
                begin.countDown();
                begin.await();
                return shared.read();
              }));
        }
        for (Future<String> read : texts) {
          assertThat(read.get().equals(text)).isTrue();
        }
        shared.close();
      }
    }
  }
}
