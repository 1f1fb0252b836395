// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that shake hands again and again, and those who wait beside them. */
class HandshakesTest {
  private static final long PATIENCE_SECONDS = 60;
  private static final Duration LONG = Duration.ofMillis(20);

  private final DefaultEventExecutor loop = new DefaultEventExecutor();
  private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();
  private final Handshakes handshakes = new Handshakes();
  private final Peer crowd = new Peer();
  private final Peer other = new Peer();

  @AfterEach
  void stop() throws InterruptedException {
    var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
  }

  private final class One implements Handshakes.Waiting {
    private final String name;
    private final Duration cost;

    One(String name, Duration cost) {
      this.name = name;
      this.cost = cost;
    }

    @Override
    public EventExecutor loop() {
      return loop;
    }

    @Override
    public void begin() {
      handshakes.spent(cost.toNanos());
      boolean _ = begun.add(name);
    }
  }

  private One comes(Peer peer, String name, Duration cost) {
    One one = new One(name, cost);
    handshakes.await(peer, one);
    return one;
  }

  private String next() throws InterruptedException {
    String name = begun.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(name).isNotNull();
    return name;
  }

  /** So many that whoever comes now has to wait. */
  private void crowd(int size) throws InterruptedException {
    for (int i = 0; i < size; i++) {
      One _ = comes(crowd, "crowd " + i, LONG);
    }
    for (int i = 0; i < Handshakes.AHEAD / LONG.toNanos() + 1; i++) {
      String _ = next();
    }
  }

  @Test
  void whoComesFromElsewhereIsNotBehindACrowd() throws InterruptedException {
    crowd(500);
    One _ = comes(other, "other", LONG);
    List<String> nextTwo = List.of(next(), next(), next());
    assertThat(nextTwo).contains("other");
  }

  /** The oldest may have given up. */
  @Test
  void ofOnePeersTheNewestIsNext() throws InterruptedException {
    crowd(500);
    One _ = comes(crowd, "newest", LONG);
    assertThat(List.of(next(), next())).contains("newest");
  }

  @Test
  void theyTakeNoMoreThanTheirShare() throws InterruptedException {
    long start = System.nanoTime();
    for (int i = 0; i < 40; i++) {
      One _ = comes(crowd, "crowd " + i, LONG);
    }
    for (int i = 0; i < 40; i++) {
      String _ = next();
    }
    // The last may begin before it is paid for.
    long spent = 39 * LONG.toNanos() - Handshakes.AHEAD;
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(3 * spent);
  }

  /** As after a collection of garbage, or where neighbours take the machine. */
  @Test
  void oneThatTakesVeryLongHoldsUpTheNextForLittle() throws InterruptedException {
    long start = System.nanoTime();
    One _ = comes(crowd, "slow", Duration.ofHours(1));
    One _ = comes(crowd, "next", LONG);
    assertThat(List.of(next(), next())).containsExactlyInAnyOrder("slow", "next");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void oneThatFailsHoldsUpNobody() throws InterruptedException {
    handshakes.await(
        crowd,
        new Handshakes.Waiting() {
          @Override
          public EventExecutor loop() {
            return loop;
          }

          @Override
          public void begin() {
            throw new StackOverflowError();
          }
        });
    One _ = comes(other, "other", LONG);
    assertThat(next()).isEqualTo("other");
  }

  @Test
  void whoIsGoneIsForgotten() throws InterruptedException {
    crowd(20);
    List<One> gone = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      gone.add(comes(other, "gone", LONG));
    }
    gone.forEach(one -> handshakes.forget(other, one));
    One _ = comes(other, "last", LONG);
    List<String> all = new ArrayList<>();
    while (!all.contains("last") || all.size() - Collections.frequency(all, "gone") < 8) {
      all.add(next());
    }
    // One may have begun before it was forgotten.
    assertThat(Collections.frequency(all, "gone")).isLessThanOrEqualTo(1);
    assertThat(other.handshakes).isEmpty();
  }
}
