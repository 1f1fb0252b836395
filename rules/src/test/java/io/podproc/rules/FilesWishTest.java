// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FilesWishTest {
  private static final Set<String> ALL = Set.of("/a", "/b", "/c");

  private static FilesWish<String> read(String annotation) {
    return FilesWish.read(
        annotation, List.of("/a", "/b"), path -> Optional.of(path).filter(ALL::contains));
  }

  @Test
  void filesAreNamedByPathOrAllTheUsualOnesAtOnce() {
    assertThat(read("/c").files()).containsExactly("/c");
    assertThat(read(" default , /c ").files()).containsExactlyInAnyOrder("/a", "/b", "/c");
    assertThat(read("/c,/c,,").files()).containsExactly("/c");
    assertThat(read("/c").unknown()).isEmpty();
  }

  @Test
  void whatIsNoFileIsTold() {
    FilesWish<String> wish = read("/a,/d,Default,/a/../b");
    assertThat(wish.files()).containsExactly("/a");
    assertThat(wish.unknown()).containsExactly("/d", "Default", "/a/../b");
  }

  @Test
  void noFileIsAWishToo() {
    assertThat(read("").files()).isEmpty();
    assertThat(read(" , ").files()).isEmpty();
    assertThat(read("/d").files()).isEmpty();
  }
}
