// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

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

  private static Backlog.Request request(int number) {
    return new Backlog.Request(HERE, ByteBuffer.allocate(4).putInt(number).array());
  }

  private static int number(Backlog.Request request) {
    return ByteBuffer.wrap(request.message()).getInt();
  }

  private void add(String owner, int number) {
    assertThat(backlog.add(owner, request(number))).isTrue();
  }

  private int fill(String owner) {
    int added = 0;
    while (backlog.add(owner, request(added))) {
      added++;
    }
    return added;
  }

  private List<Integer> takeAll() {
    List<Integer> taken = new ArrayList<>();
    Optional<Backlog.Request> next = backlog.take(from -> {});
    while (next.isPresent()) {
      taken.add(number(next.get()));
      next = backlog.take(from -> {});
    }
    return taken;
  }

  @Test
  void eachOwnerGetsATurn() {
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
    assertThat(number(backlog.take(from -> {}).orElseThrow())).isZero();
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
  void nobodyTakesTheRoomOfOthers() {
    int half = Backlog.MAX_SIZE / 2;
    assertThat(fill("hog")).isEqualTo(half);
    assertThat(fill("its friend")).isEqualTo(half / 2);
    add("web", 10);
    assertThat(number(backlog.take(from -> {}).orElseThrow())).isZero();
    assertThat(backlog.add("hog", request(half))).as("it has more than is left").isFalse();
    assertThat(takeAll()).startsWith(0, 10, 1, 1, 2).hasSize(half + half / 2);
    assertThat(backlog.size()).isZero();
  }

  /** However many owners somebody makes up. */
  @Test
  void allOfThemHaveABound() {
    int owners = 0;
    while (fill("container " + owners) > 0) {
      owners++;
    }
    assertThat(owners).isGreaterThan(10);
    assertThat(backlog.size()).isEqualTo(Backlog.MAX_SIZE);
  }

  @Test
  void whoseARequestIsCanBeLookedForLater() {
    assertThat(backlog.addUnplaced(request(1))).isTrue();
    assertThat(backlog.addUnplaced(request(2))).isTrue();
    assertThat(backlog.uses(HERE)).isTrue();
    assertThat(takeAll()).isEmpty();
    Backlog.Request first = backlog.takeUnplaced(from -> {}).orElseThrow();
    assertThat(number(first)).isEqualTo(1);
    Backlog.Request second = backlog.takeUnplaced(from -> {}).orElseThrow();
    assertThat(backlog.takeUnplaced(from -> {})).isEmpty();
    assertThat(backlog.uses(HERE)).as("it will wait on").isTrue();
    assertThat(backlog.add("web", second)).isTrue();
    assertThat(backlog.add("web", first)).isTrue();
    assertThat(backlog.size()).isEqualTo(2);
    assertThat(takeAll()).containsExactly(2, 1);
    assertThat(backlog.size()).isZero();
    assertThat(backlog.uses(HERE)).isFalse();
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
