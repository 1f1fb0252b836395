// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How often a stranger can make the webhook ask the API server, and what is learnt by it. */
class NamespaceLookUpsTest {
  private static final Map<String, String> ENABLED = Map.of("podproc.io/inject", "enabled");

  private final AtomicLong now = new AtomicLong(-1);
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final NamespaceLookUps lookUps =
      new NamespaceLookUps(
          name -> {
            asked.add(name);
            return name.equals("shop") ? Optional.of(ENABLED) : Optional.empty();
          },
          now::get);

  private void pass(Duration time) {
    long _ = now.addAndGet(time.toNanos());
  }

  @Test
  void oneThatDoesNotExistIsAsOneThatDidNotOptIn() {
    assertThat(lookUps.labels("shop")).contains(ENABLED);
    assertThat(lookUps.labels("nowhere")).contains(Map.of());
  }

  @Test
  void whatWasToldIsBelievedForAWhileBeItThatThereIsNone() {
    for (int i = 0; i < 100; i++) {
      assertThat(lookUps.labels("shop")).contains(ENABLED);
      assertThat(lookUps.labels("nowhere")).contains(Map.of());
    }
    assertThat(asked).containsExactly("shop", "nowhere");
    pass(Duration.ofSeconds(3));
    assertThat(lookUps.labels("nowhere")).contains(Map.of());
    assertThat(asked).containsExactly("shop", "nowhere", "nowhere");
  }

  @Test
  void namesThatAreMadeUpAreNotAllAskedFor() {
    for (int i = 0; i < 5000; i++) {
      assertThat(lookUps.labels("r" + i)).contains(Map.of());
    }
    assertThat(asked).hasSize(NamespaceLookUps.BURST);
    pass(Duration.ofSeconds(1));
    for (int i = 5000; i < 10_000; i++) {
      assertThat(lookUps.labels("r" + i)).contains(Map.of());
    }
    assertThat(asked).hasSize(NamespaceLookUps.BURST + 20);
    // A quiet hour buys no more than a burst.
    pass(Duration.ofHours(1));
    for (int i = 10_000; i < 15_000; i++) {
      assertThat(lookUps.labels("r" + i)).contains(Map.of());
    }
    assertThat(asked).hasSize(2 * NamespaceLookUps.BURST + 20);
  }

  @Test
  void onlySoManyAreUnderWayAtATime() throws Exception {
    CountDownLatch answers = new CountDownLatch(1);
    List<String> waiting = new CopyOnWriteArrayList<>();
    NamespaceLookUps slow =
        new NamespaceLookUps(
            name -> {
              waiting.add(name);
              try {
                boolean _ = answers.await(10, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return Optional.of(ENABLED);
            },
            now::get);
    try (ExecutorService reviews = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Optional<Map<String, String>>>> answered =
          IntStream.range(0, 30)
              .mapToObj(i -> CompletableFuture.supplyAsync(() -> slow.labels("r" + i), reviews))
              .toList();
      // Those that are not asked for are answered at once.
      WebhookProcess.await(
          "answers",
          Duration.ofSeconds(5),
          () ->
              answered.stream().filter(CompletableFuture::isDone).count()
                  == 30 - NamespaceLookUps.MOST_UNDER_WAY);
      answers.countDown();
    }
    assertThat(waiting).hasSize(NamespaceLookUps.MOST_UNDER_WAY);
  }

  @Test
  void whatFailedIsAskedForAgainAndCantBeKnown() {
    List<String> tries = new CopyOnWriteArrayList<>();
    NamespaceLookUps failing =
        new NamespaceLookUps(
            name -> {
              tries.add(name);
              throw new IllegalStateException("away");
            },
            now::get);
    assertThat(failing.labels("shop")).isEmpty();
    assertThat(failing.labels("shop")).isEmpty();
    assertThat(tries).hasSize(2);
  }
}
