// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessStatTest {
  private static final String AFTER_COMM =
      " D 1 1 1 0 -1 4194560 95 0 0 0 0 0 0 0 20 0 1 0 12345 2899968 388\n";

  @ParameterizedTest
  @ValueSource(
      strings = {"sh", "a b", "(sd-pam)", "a) R 1 1 1", ")", "", "tmux: server", "a\nb) S 9", "\t"})
  void theCommMayHoldAnything(String comm) throws IOException {
    ProcessStat stat = ProcessStat.parse("42 (" + comm + ")" + AFTER_COMM);
    assertThat(stat).isEqualTo(new ProcessStat(comm, 'D', 1, false, Duration.ofMillis(123_450)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "42",
        "42 (sh",
        "42 (sh)",
        "42 (sh) ",
        "42 (sh) R",
        "42 (sh) R 1 1 1 0 -1 4194560 95 0 0 0 0 0 0 0 20 0 1 0",
        "junk"
      })
  void aTextThatIsCutShortIsAnError(String text) {
    assertThatThrownBy(() -> ProcessStat.parse(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cut short");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "-1"})
  void aStartThatIsNoNumberIsAnError(String start) {
    assertThatThrownBy(() -> ProcessStat.parse("42 (sh)" + AFTER_COMM.replace("12345", start)))
        .isInstanceOf(IOException.class);
  }
}
