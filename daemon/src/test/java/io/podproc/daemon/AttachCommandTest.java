// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttachCommandTest {
  @Test
  void wordsSayWhatIsWanted() {
    assertThat(AttachCommand.of(List.of("attach", "12")))
        .contains(new AttachCommand(12, Set.of(), true, false));
    assertThat(AttachCommand.of(List.of("attach", "--privileged", "12", "/proc/stat")))
        .contains(new AttachCommand(12, Set.of("/proc/stat"), true, true));
    assertThat(AttachCommand.of(List.of("detach", "12")))
        .contains(new AttachCommand(12, Set.of(), false, false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "attach",
        "attach --privileged",
        "attach x",
        "attach 0",
        "attach 9999999999",
        "attach /proc/stat 12",
        "detach",
        "detach 12 /proc/stat",
        "detach --privileged 12"
      })
  void otherWordsMakeNoSense(String words) {
    assertThat(AttachCommand.of(List.of(words.split(" ", -1)))).isEmpty();
  }
}
