// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OneLineTest {
  private static void assertShown(String text, String shown) {
    assertThat(OneLine.of(text)).isEqualTo(shown);
  }

  @Test
  void whatIsNotSeenIsWritten() {
    assertShown("a\nb", "a\\nb");
    assertShown("a\r\tb", "a\\r\\tb");
    assertShown("\u001b[31mred", "\\u001b[31mred");
    assertShown("nul\0", "nul\\u0000");
    assertShown("\u0085\u009b2J\u007f", "\\u0085\\u009b2J\\u007f");
    assertShown("\u2028\u2029", "\\u2028\\u2029");
    assertShown("a\u202eb\u2066c\u200f", "a\\u202eb\\u2066c\\u200f");
    assertShown("\ud800x", "\\ud800x");
    assertShown("\udb40\udc41", "\\U000e0041");
  }

  @Test
  void whatIsSeenStaysAsItIs() {
    String text = "pid 7 in /kubepods/ü…\\x2d \"名\" 😀: repaired /proc/meminfo";
    assertThat(OneLine.of(text)).isSameAs(text);
  }
}
