// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostStatTest {
  @Test
  void allButTheCpuLinesIsKept() {
    assertThat(
            HostStat.parse("cpu  1 2 3\ncpu0 1 2 3\nintr 5 0 1\nctxt 6\nbtime 7\nnovel 1 2\n\n")
                .lines())
        .extracting(HostStat.Line::key, HostStat.Line::text)
        .containsExactly(
            tuple("intr", "intr 5 0 1"),
            tuple("ctxt", "ctxt 6"),
            tuple("btime", "btime 7"),
            tuple("novel", "novel 1 2"));
  }

  @Test
  void aKeyWithoutAValueIsKept() {
    assertThat(HostStat.parse("proc").lines())
        .extracting(HostStat.Line::key)
        .containsExactly("proc");
    assertThat(HostStat.parse("").lines()).isEmpty();
  }

  private static org.assertj.core.groups.Tuple tuple(String key, String text) {
    return org.assertj.core.groups.Tuple.tuple(key, text);
  }
}
