// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MeasuredTextsTest {
  private static final Object READER = "a container";
  private static final Object OTHER = "another";
  private static final long INODE = 10;
  private static final int TID = 300;

  private final MeasuredTexts texts = new MeasuredTexts();
  private final long opened = System.nanoTime();

  private void measured(int tid, String text) {
    texts.add(READER, INODE, tid, System.nanoTime(), text.getBytes(StandardCharsets.UTF_8));
  }

  private Optional<String> take(Object reader, long inode, int tid, long since) {
    return texts
        .take(reader, inode, tid, since)
        .map(text -> new String(text, StandardCharsets.UTF_8));
  }

  private Optional<String> take(int tid) {
    return take(READER, INODE, tid, opened);
  }

  @Test
  void aTextIsForOneReader() {
    measured(TID, "1");
    assertThat(take(TID)).contains("1");
    assertThat(take(TID)).isEmpty();
  }

  @Test
  void noOtherContainerAndNoOtherFileGetsIt() {
    measured(TID, "1");
    assertThat(take(OTHER, INODE, TID, opened)).isEmpty();
    assertThat(take(READER, INODE + 1, TID, opened)).isEmpty();
    assertThat(take(TID)).contains("1");
  }

  @Test
  void eachThreadGetsItsOwnAndWhoMeasuredByAnotherTheLatest() {
    measured(1, "1");
    measured(2, "2");
    measured(3, "3");
    assertThat(take(2)).contains("2");
    assertThat(take(99)).contains("3");
    assertThat(take(1)).contains("1");
  }

  @Test
  void ofOneThreadItIsTheLatest() {
    measured(1, "1");
    measured(1, "2");
    assertThat(take(1)).contains("2");
  }

  @Test
  void whatWasMeasuredBeforeTheFileWasOpenedIsNotForIt() {
    measured(TID, "1");
    assertThat(take(READER, INODE, TID, System.nanoTime())).isEmpty();
  }

  @Test
  void whatWasMeasuredLongAgoIsOutOfDate() {
    long longAgo = System.nanoTime() - Duration.ofSeconds(11).toNanos();
    texts.add(READER, INODE, TID, longAgo, new byte[1]);
    assertThat(take(READER, INODE, TID, longAgo - 1)).isEmpty();
  }

  @Test
  void ofManyTheFirstAreForgotten() {
    for (int tid = 1; tid <= 100; tid++) {
      measured(tid, "" + tid);
    }
    assertThat(take(100)).contains("100");
    assertThat(take(1)).contains("99");
    assertThat(take(1)).contains("98");
    assertThat(take(1)).contains("97");
    assertThat(take(1)).isEmpty();
  }
}
