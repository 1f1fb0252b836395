// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.task;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OldGenerationTest {
  private static final long START = 8 << 20;

  private long heap = START;
  private int collections;
  private long alive = START;
  private final OldGeneration old =
      new OldGeneration(
          () -> heap,
          () -> {
            collections++;
            heap = alive;
          });

  private void grow(long bytes) {
    heap += bytes;
    old.tend();
  }

  @Test
  void littleIsLeftAlone() {
    old.tend();
    grow(OldGeneration.SLACK - 1);
    assertThat(collections).isZero();
  }

  @Test
  void muchIsLookedThroughOnce() {
    grow(OldGeneration.SLACK / 2);
    grow(OldGeneration.SLACK / 2);
    old.tend();
    assertThat(collections).isEqualTo(1);
    assertThat(heap).isEqualTo(START);
  }

  /** Else a node with many containers would be looked through each minute, for nothing. */
  @Test
  void whatIsAliveIsNotLookedThroughAgain() {
    alive = 3 * START;
    grow(2 * START);
    for (int minute = 0; minute < 100; minute++) {
      old.tend();
    }
    assertThat(collections).isEqualTo(1);
    grow(OldGeneration.SLACK);
    assertThat(collections).isEqualTo(2);
  }

  @Test
  void aHeapThatHasShrunkMayGrowAgain() {
    alive = START / 2;
    grow(OldGeneration.SLACK);
    grow(OldGeneration.SLACK - 1);
    assertThat(collections).isEqualTo(1);
    grow(1);
    assertThat(collections).isEqualTo(2);
  }
}
