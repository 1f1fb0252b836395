// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenFilesTest {
  private static final Object READER = new Object();

  private final OpenFiles files = new OpenFiles();

  private long open() {
    return files.add(new OpenFile(_ -> new byte[0], READER));
  }

  @Test
  void aHandleLeadsToItsFileUntilItIsClosed() {
    OpenFile file = new OpenFile(_ -> new byte[0], READER);
    long handle = files.add(file);
    long other = open();
    assertThat(handle).isPositive().isNotEqualTo(other);
    assertThat(files.get(handle)).containsSame(file);
    files.remove(handle);
    assertThat(files.get(handle)).isEmpty();
    assertThat(files.get(other)).isPresent();
  }

  @Test
  void ofVeryManyTheOldestAreForgotten() {
    long first = open();
    long last = 0;
    for (int i = 0; i < 200_000; i++) {
      last = open();
    }
    assertThat(files.get(first)).isEmpty();
    assertThat(files.get(last)).isPresent();
    assertThat(files.get(last - 60_000)).isPresent();
    assertThat(files.get(last - 70_000)).isEmpty();
  }

  @Test
  void whoClosesIsNeverForgotten() {
    long kept = open();
    for (int i = 0; i < 200_000; i++) {
      files.remove(open());
    }
    assertThat(files.get(kept)).isPresent();
  }

  // ---- texts ----

  private static final int LENGTH = 1 << 12;
  private static final int MOST = KeptTexts.MOST_BYTES / LENGTH;

  private int renderings;

  private OpenFile read(Object reader) throws IOException {
    OpenFile file =
        new OpenFile(
            _ -> {
              renderings++;
              return new byte[LENGTH];
            },
            reader);
    handles.add(files.add(file));
    byte[] _ = file.snapshot(0);
    return file;
  }

  private final List<Long> handles = new ArrayList<>();

  /** Whether it goes on in the text that it began with. */
  private boolean hasText(OpenFile file) throws IOException {
    int before = renderings;
    assertThat(file.snapshot(1)).hasSize(LENGTH);
    return renderings == before;
  }

  @Test
  void ofManyTextsOfOneReaderTheOldestAreLetGo() throws IOException {
    OpenFile other = read("other");
    OpenFile first = read(READER);
    OpenFile second = read(READER);
    for (int i = 1; i < MOST; i++) {
      read(READER);
    }
    assertThat(hasText(second)).isTrue();
    assertThat(hasText(first)).isFalse();
    assertThat(hasText(second)).as("the first has one again").isFalse();
    assertThat(hasText(other)).isTrue();
  }

  @Test
  void aFewMayBeOfAnyLength() throws IOException {
    List<OpenFile> few = new ArrayList<>();
    List<byte[]> texts = new ArrayList<>();
    for (int i = 0; i < KeptTexts.FEW; i++) {
      few.add(new OpenFile(_ -> new byte[KeptTexts.MOST_BYTES], READER));
      long _ = files.add(few.getLast());
      texts.add(few.getLast().snapshot(0));
    }
    for (int i = 0; i < KeptTexts.FEW; i++) {
      assertThat(few.get(i).snapshot(1)).isSameAs(texts.get(i));
    }
    OpenFile _ = read(READER);
    assertThat(few.getFirst().snapshot(1)).isNotSameAs(texts.getFirst());
  }

  @Test
  void whoClosesHasRoomForMore() throws IOException {
    OpenFile first = read(READER);
    for (int i = 0; i < 10 * MOST; i++) {
      read(READER);
      files.remove(handles.removeLast());
    }
    assertThat(hasText(first)).isTrue();
    files.remove(handles.getFirst());
    assertThat(files.readers()).isZero();
  }

  @Test
  void whoReadsAfterTheCloseCountsNoMore() throws IOException {
    OpenFile file = read(READER);
    files.remove(handles.getFirst());
    byte[] _ = file.snapshot(0);
    assertThat(files.readers()).isZero();
  }

  /** As nearly all do who have read a file: once more, to see that there is no more. */
  @Test
  void theEndIsKnownWithoutTheText() throws IOException {
    OpenFile file = read(READER);
    file.letGo();
    assertThat(file.snapshot(LENGTH)).isEmpty();
    assertThat(renderings).isEqualTo(1);
    assertThat(file.snapshot(LENGTH - 1)).hasSize(LENGTH);
    assertThat(renderings).isEqualTo(2);
  }

  @Test
  void anotherDaemonsHandleIsNobodysHere() {
    long theirs = new OpenFiles().add(new OpenFile(_ -> new byte[0], READER));
    for (int i = 0; i < 60_000; i++) {
      long _ = open();
    }
    assertThat(files.get(theirs)).isEmpty();
  }
}
