// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MemoryFactsTest {
  private static MemoryFacts facts(OptionalLong limit, long usage) {
    Map<String, Long> lines = Map.of("AnonPages", usage / 2, "Cached", usage / 4);
    return new MemoryFacts(
        limit,
        usage,
        OptionalLong.of(5),
        6,
        usage / 8,
        usage / 8,
        usage / 16,
        key -> lines.containsKey(key) ? OptionalLong.of(lines.get(key)) : OptionalLong.empty());
  }

  @Test
  void aViewThatIsWiderThanTheLimitChangesNothing() {
    MemoryFacts facts = facts(OptionalLong.of(1000), 600);
    assertThat(facts.within(1000)).isSameAs(facts);
    assertThat(facts.within(Long.MAX_VALUE)).isSameAs(facts);
  }

  @Test
  void aNarrowerOneIsTheLimitAndWhatIsUsedStays() {
    MemoryFacts narrow = facts(OptionalLong.empty(), 600).within(1000);
    assertThat(narrow.limit()).hasValue(1000);
    assertThat(narrow.usage()).isEqualTo(600);
    assertThat(narrow.meminfo().bytes("AnonPages")).hasValue(300);
  }

  @Test
  void whatIsUsedBeyondItIsToldInProportion() {
    MemoryFacts narrow = facts(OptionalLong.of(8000), 1600).within(400);
    assertThat(narrow.limit()).hasValue(400);
    assertThat(narrow.usage()).isEqualTo(400);
    assertThat(narrow.activeFile()).isEqualTo(50);
    assertThat(narrow.inactiveFile()).isEqualTo(50);
    assertThat(narrow.reclaimableSlab()).isEqualTo(25);
    assertThat(narrow.meminfo().bytes("AnonPages")).hasValue(200);
    assertThat(narrow.meminfo().bytes("Cached")).hasValue(100);
    assertThat(narrow.meminfo().bytes("Novelty")).isEmpty();
    assertThat(narrow.swapLimit()).hasValue(5);
    assertThat(narrow.swapUsage()).isEqualTo(6);
  }

  @Test
  void aLimitOfNothingIsNoneAndTheViewHolds() {
    assertThat(facts(OptionalLong.of(0), 10).within(400).limit()).hasValue(400);
  }
}
