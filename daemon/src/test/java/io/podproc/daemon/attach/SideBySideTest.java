// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SideBySideTest {
  private final CountDownLatch end = new CountDownLatch(1);
  private final Map<Integer, String> told = new ConcurrentHashMap<>();
  private final Map<Integer, Long> when = new ConcurrentHashMap<>();

  @AfterEach
  void release() {
    end.countDown();
  }

  private int visit(int place) {
    if (place < 0) {
      throw new IllegalStateException("place " + place);
    }
    if (place >= 1000) {
      try {
        end.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return place;
  }

  private void visitAll(List<Integer> places) throws InterruptedException {
    SideBySide.visit(
        places,
        this::visit,
        new SideBySide.Listener<>() {
          @Override
          public void ended(Integer place, Integer result) {
            tell(place, "ended " + result);
          }

          @Override
          public void failed(Integer place, String why) {
            tell(place, why);
          }

          private void tell(int place, String what) {
            when.put(place, System.nanoTime());
            assertThat(told.put(place, what)).isNull();
          }
        });
  }

  @Test
  void eachIsToldOfOnceWhateverItThrows() throws Exception {
    visitAll(List.of(1, -2, 3));
    assertThat(told)
        .containsOnly(
            Map.entry(1, "ended 1"),
            Map.entry(-2, "java.lang.IllegalStateException: place -2"),
            Map.entry(3, "ended 3"));
  }

  @Test
  void nobodyIsVisitedWhereThereIsNone() throws Exception {
    visitAll(List.of());
    assertThat(told).isEmpty();
  }

  /** More than are visited at once, before the one that is well. */
  @Test
  void oneThatIsWellWaitsForManyThatNeverAnswerASecondEach() throws Exception {
    List<Integer> places =
        IntStream.concat(IntStream.range(1000, 1070), IntStream.of(1))
            .boxed()
            .collect(Collectors.toList());
    long begun = System.nanoTime();
    visitAll(places);
    assertThat(told).hasSize(places.size()).containsEntry(1, "ended 1");
    told.remove(1);
    assertThat(told.values()).containsOnly("no answer within 10 s");
    // 32 of them at once: it is in the third second.
    assertThat(Duration.ofNanos(requireNonNull(when.get(1)) - begun))
        .isLessThan(Duration.ofSeconds(4));
  }

  @Test
  void aFewThatNeverAnswerCostTheOthersNothing() throws Exception {
    List<Integer> places =
        IntStream.concat(IntStream.range(1000, 1020), IntStream.range(0, 500))
            .boxed()
            .collect(Collectors.toList());
    long begun = System.nanoTime();
    visitAll(places);
    assertThat(told).hasSize(places.size());
    long inTime =
        when.entrySet().stream()
            .filter(one -> one.getKey() < 1000)
            .filter(one -> one.getValue() - begun < Duration.ofSeconds(5).toNanos())
            .count();
    assertThat(inTime).isEqualTo(500);
  }
}
