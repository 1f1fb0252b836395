// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OpenFileTest {
  private static final Object READER = new Object();

  private final AtomicInteger renderings = new AtomicInteger();
  private final OpenFile file =
      new OpenFile(_ -> text("text " + renderings.incrementAndGet()), READER);

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void openingRendersNothing() {
    assertThat(renderings).hasValue(0);
  }

  @Test
  void eachReadAtTheBeginningRendersAfresh() throws IOException {
    assertThat(file.snapshot(0)).isEqualTo(text("text 1"));
    assertThat(file.snapshot(0)).isEqualTo(text("text 2"));
  }

  @Test
  void laterOffsetsContinueTheSnapshot() throws IOException {
    file.snapshot(0);
    assertThat(file.snapshot(1)).isEqualTo(text("text 1"));
    assertThat(file.snapshot(6)).isEqualTo(text("text 1"));
    assertThat(file.snapshot(1_000_000)).isEqualTo(text("text 1"));
  }

  @Test
  void aToolThatSeeksToTheBeginningSeesWhatIsNewAndGoesOnInIt() throws IOException {
    file.snapshot(0);
    file.snapshot(6);
    file.snapshot(0);
    assertThat(file.snapshot(3)).isEqualTo(text("text 2"));
  }

  @Test
  void aFirstReadInTheMiddleHasASnapshotToo() throws IOException {
    assertThat(file.snapshot(3)).isEqualTo(text("text 1"));
    assertThat(file.snapshot(4)).isEqualTo(text("text 1"));
  }

  @Test
  void aRenderingThatFailsLeavesTheSnapshotBefore() throws IOException {
    AtomicInteger times = new AtomicInteger();
    OpenFile failing =
        new OpenFile(
            _ -> {
              if (times.incrementAndGet() == 2) {
                throw new IOException("gone");
              }
              return text("text " + times);
            },
            READER);
    failing.snapshot(0);
    assertThatThrownBy(() -> failing.snapshot(0)).isInstanceOf(IOException.class);
    assertThat(failing.snapshot(2)).isEqualTo(text("text 1"));
  }

  @Test
  void readersOfOneOpenFileNeverSeeTornText() throws Exception {
    OpenFile shared =
        new OpenFile(
            _ -> {
              byte[] bytes = new byte[4096];
              Arrays.fill(bytes, (byte) renderings.incrementAndGet());
              return bytes;
            },
            READER);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> whole = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        int offset = i % 3;
        whole.add(
            threads.submit(() -> {
              byte[] bytes = shared.snapshot(offset);
              return bytes[0] == bytes[4095] && bytes[0] == bytes[2048];
            }));
      }
      for (Future<Boolean> read : whole) {
        assertThat(read.get()).isTrue();
      }
    }
  }

  @Test
  void handlesAreNeverZeroAndNeverUsedTwice() {
    OpenFiles files = new OpenFiles();
    long first = files.add(file);
    assertThat(first).isNotZero();
    assertThat(files.get(first)).containsSame(file);
    files.remove(first);
    assertThat(files.get(first)).isEmpty();
    assertThat(files.add(file)).isNotEqualTo(first);
    assertThat(files.get(0)).isEmpty();
  }
}
