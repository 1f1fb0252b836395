// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.WatchSchedule.Ask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What an API server sees of 5,000 daemons in an hour, each with its two watches: their real
 * schedule in a time that is made up. It prints a table.
 */
class FleetTest {
  private static final int DAEMONS = 5_000;
  private static final int HOUR = 3_600_000;

  /** What an API server may answer of one kind of request in a second, by its fairness. */
  private static final int MOST_LISTS = 600;

  /** Of one daemon. */
  private static final class Watcher {
    final WatchSchedule schedule;
    final Random random;
    final int begins;
    boolean watching;
    boolean listing;

    Watcher(long seed, int begins) {
      random = new Random(seed);
      schedule = new WatchSchedule(random);
      this.begins = begins;
    }
  }

  /** Requests in each second. */
  private static final class Count {
    final int[] lists = new int[HOUR / 1000 + 1];
    final int[] watches = new int[HOUR / 1000 + 1];
    final int[] busy = new int[HOUR / 1000 + 1];
    final int[] refused = new int[HOUR / 1000 + 1];
    int last;

    static int sum(int[] seconds) {
      return java.util.Arrays.stream(seconds).sum();
    }

    static int most(int[] seconds) {
      return java.util.Arrays.stream(seconds).max().orElseThrow();
    }

    void print(String name) {
      System.out.printf(
          Locale.ROOT,
          "%-36s %8d %6d %8d %6d %8d %8d%n",
          name,
          sum(lists),
          most(lists),
          sum(watches),
          most(watches),
          sum(busy),
          sum(refused));
    }
  }

  /** When nobody listens, in ms, and whether the API server knows afterwards what was before. */
  private record Outage(int from, int to, boolean forgets) {
    boolean is(int at) {
      return at >= from && at < to;
    }
  }

  private record Due(int at, Watcher watcher) {}

  /** Each watcher's requests, answered as an API server would. */
  private static Count simulate(List<Watcher> watchers, Optional<Outage> outage) {
    Count count = new Count();
    PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingInt(Due::at));
    watchers.forEach(watcher -> due.add(new Due(watcher.begins, watcher)));
    while (!due.isEmpty() && due.peek().at < HOUR) {
      Due next = due.poll();
      int pause = turn(next.at, next.watcher, count, outage);
      due.add(new Due(next.at + Math.max(pause, 1), next.watcher));
    }
    return count;
  }

  private static int turn(int at, Watcher watcher, Count count, Optional<Outage> outage) {
    boolean away = outage.filter(o -> o.is(at)).isPresent();
    if (watcher.watching) { // it has ended: in its time, or with the API server
      watcher.watching = false;
      return millis(
          away ? watcher.schedule.failed() : watcher.schedule.ended(Duration.ofMinutes(20)));
    }
    if (away) {
      count.refused[at / 1000]++;
      return millis(watcher.schedule.unreachable());
    }
    boolean forgotten = outage.filter(o -> o.forgets && at >= o.to).isPresent() && !watcher.listing;
    Ask ask = watcher.schedule.next();
    if (ask == Ask.WATCH && forgotten) {
      count.watches[at / 1000]++;
      watcher.listing = true;
      return millis(watcher.schedule.expired());
    }
    if (ask != Ask.WATCH && count.lists[at / 1000] >= MOST_LISTS) {
      count.busy[at / 1000]++;
      return millis(watcher.schedule.busy(Optional.of(Duration.ofSeconds(1))));
    }
    (ask == Ask.WATCH ? count.watches : count.lists)[at / 1000]++;
    count.last = ask == Ask.WATCH ? count.last : at;
    watcher.listing = true;
    watcher.schedule.heard("1");
    watcher.watching = true;
    int ends = at + millis(watcher.schedule.watchFor());
    if (outage.filter(o -> at < o.from && ends > o.from).isPresent()) {
      watcher.listing = false;
      return outage.orElseThrow().from - at;
    }
    return ends - at;
  }

  private static int millis(Duration duration) {
    return (int) duration.toMillis();
  }

  /** Watches that have run for any time. */
  private static List<Watcher> atRest() {
    List<Watcher> watchers = new ArrayList<>();
    for (int i = 0; i < 2 * DAEMONS; i++) {
      Watcher watcher = new Watcher(i, new Random(i).nextInt(1_800_000));
      watcher.schedule.heard("1");
      watchers.add(watcher);
    }
    return watchers;
  }

  /** A tenth of the nodes at once, as the chart has it, each tenth in three minutes. */
  private static List<Watcher> rolled() {
    List<Watcher> watchers = new ArrayList<>();
    for (int i = 0; i < DAEMONS; i++) {
      int begins = i / (DAEMONS / 10) * 180_000 + new Random(i).nextInt(20_000);
      watchers.add(new Watcher(i, begins));
      watchers.add(new Watcher(i + DAEMONS, begins));
    }
    return watchers;
  }

  @Test
  void aFleetIsLightOnTheApiServer() {
    System.out.printf(
        Locale.ROOT,
        "%-36s %8s %6s %8s %6s %8s %8s%n",
        DAEMONS + " daemons, an hour",
        "lists",
        "most/s",
        "watches",
        "most/s",
        "429",
        "no answer");
    Count rest = simulate(atRest(), Optional.empty());
    rest.print("at rest");
    Count roll = simulate(rolled(), Optional.empty());
    roll.print("a roll, a tenth at once");
    Count back = simulate(atRest(), Optional.of(new Outage(1_800_000, 1_920_000, false)));
    back.print("away for 2 min");
    Count anew = simulate(atRest(), Optional.of(new Outage(1_800_000, 1_920_000, true)));
    anew.print("away for 2 min, and has forgotten");

    assertThat(Count.sum(rest.lists)).isZero();
    assertThat(Count.sum(rest.watches)).isLessThan(DAEMONS * 2 * 3);
    assertThat(Count.most(rest.watches)).isLessThan(40);
    assertThat(Count.sum(roll.lists)).isEqualTo(2 * DAEMONS);
    assertThat(Count.sum(roll.busy)).isZero();
    assertThat(Count.sum(back.lists)).isZero();
    assertThat(Count.sum(anew.lists)).isEqualTo(2 * DAEMONS);
    assertThat(anew.last).as("the last list").isBetween(1_920_000, 2_220_000);
  }
}
