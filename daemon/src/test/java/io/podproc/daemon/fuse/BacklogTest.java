// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BacklogTest {
  private static final Connection HERE = new Connection(7);
  private static final Connection THERE = new Connection(8);

  private final Backlog backlog = new Backlog();

  private void add(String asker, int number) {
    backlog.add(asker, new Backlog.Request(HERE, ByteBuffer.allocate(4).putInt(number).flip()));
  }

  private List<Integer> takeAll() {
    List<Integer> taken = new ArrayList<>();
    Optional<Backlog.Request> next = backlog.take(from -> {});
    while (next.isPresent()) {
      taken.add(next.get().message().getInt());
      next = backlog.take(from -> {});
    }
    return taken;
  }

  @Test
  void eachAskerGetsATurn() {
    for (int i = 0; i < 5; i++) {
      add("hog", i);
    }
    add("web", 10);
    add("log", 20);
    add("web", 11);
    assertThat(takeAll()).containsExactly(0, 10, 20, 1, 11, 2, 3, 4);
  }

  @Test
  void whoComesAgainIsBehindThoseWhoWait() {
    add("hog", 0);
    add("hog", 1);
    add("web", 10);
    assertThat(backlog.take(from -> {}).orElseThrow().message().getInt()).isZero();
    add("log", 20);
    add("hog", 2);
    assertThat(takeAll()).containsExactly(10, 1, 20, 2);
  }

  @Test
  void theRequestsOfOneAreTakenInTheirOrder() {
    for (int i = 0; i < 100; i++) {
      add("web", i);
    }
    assertThat(takeAll()).isSorted().hasSize(100);
  }

  @Test
  void itTakesNoMoreThanItCanHold() {
    int added = 0;
    while (!backlog.isFull()) {
      add("hog", 1);
      added++;
    }
    assertThat(added).isEqualTo(1024);
    assertThat(backlog.take(from -> {})).isPresent();
    assertThat(backlog.isFull()).isFalse();
  }

  @Test
  void whereARequestWasReadIsInUseUntilWhoAnswersItSaysSo() {
    assertThat(backlog.uses(HERE)).isFalse();
    add("web", 1);
    assertThat(backlog.uses(HERE)).isTrue();
    assertThat(backlog.uses(THERE)).isFalse();
    List<Connection> users = new ArrayList<>();
    assertThat(backlog.take(users::add)).isPresent();
    assertThat(users).containsExactly(HERE);
    assertThat(backlog.uses(HERE)).isFalse();
  }
}
