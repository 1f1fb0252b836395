// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;

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

  @Test
  void anotherDaemonsHandleIsNobodysHere() {
    long theirs = new OpenFiles().add(new OpenFile(_ -> new byte[0], READER));
    for (int i = 0; i < 60_000; i++) {
      long _ = open();
    }
    assertThat(files.get(theirs)).isEmpty();
  }
}
