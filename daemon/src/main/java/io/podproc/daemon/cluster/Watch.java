// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of some objects of the cluster, and how they change, for as long as the daemon runs.
 * What is known holds while the API server is away, and whatever it answers that is no list.
 */
public final class Watch implements AutoCloseable {
  private static final String LIST_FORM =
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

  /** Of an object, in bytes: more than the API server keeps of one. */
  private static final int LONGEST = 2 << 20;

  /** Beyond any node's pods, and any cluster's namespaces. */
  private static final int MOST = 20_000;

  /** An API server that tells no end of the list with which a watch begins knows nothing of it. */
  private static final Duration LONGEST_LIST = Duration.ofSeconds(30);

  private static final Duration MINUTE = Duration.ofMinutes(1);

  /**
   * How long is waited for the API server.
   *
   * @param connecting to take a connection
   * @param silence to say anything: a bookmark comes each minute
   */
  record Patience(Duration connecting, Duration silence) {
    static final Patience USUAL = new Patience(Duration.ofSeconds(2), Duration.ofSeconds(100));
  }

  private final ApiServer server;
  private final WatchedResource watched;
  private final ObjectStore objects;
  private final Patience patience;
  private final WatchSchedule schedule = new WatchSchedule(ThreadLocalRandom.current());
  private final AtomicLong failures = new AtomicLong();
  private final Thread thread;
  private long toldAt = System.nanoTime() - MINUTE.toNanos();

  /** By uid, until it is told that these are all. */
  private @Nullable InitialList initial;

  private volatile boolean closed;

  private Watch(ApiServer server, WatchedResource watched, ObjectStore objects, Patience patience) {
    this.server = server;
    this.watched = watched;
    this.objects = objects;
    this.patience = patience;
    this.thread = Thread.ofPlatform().daemon().name("watch-" + watched.what()).unstarted(this::run);
  }

  /** The pods of a node, from now on. */
  public static Watch pods(
      ApiServer server,
      String node,
      Set<String> labels,
      Predicate<String> annotations,
      ObjectStore objects) {
    return pods(server, node, labels, annotations, objects, Patience.USUAL);
  }

  static Watch pods(
      ApiServer server,
      String node,
      Set<String> labels,
      Predicate<String> annotations,
      ObjectStore objects,
      Patience patience) {
    return new Watch(server, WatchedResource.pods(node, labels, annotations), objects, patience)
        .begin();
  }

  /** The namespaces with a label, whatever its value, from now on. */
  public static Watch namespaces(ApiServer server, String label, ObjectStore objects) {
    return namespaces(server, label, objects, Patience.USUAL);
  }

  static Watch namespaces(ApiServer server, String label, ObjectStore objects, Patience patience) {
    return new Watch(server, WatchedResource.namespaces(label), objects, patience).begin();
  }

  private Watch begin() {
    thread.start();
    return this;
  }

  /** How often the API server did not answer as it should. */
  public long failures() {
    return failures.get();
  }

  /** As in the log and in metrics. */
  public String what() {
    return watched.what();
  }

  /** Tells nothing more. Its connection ends when something comes, or nothing for too long. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }

  private void run() {
    while (!closed) {
      Duration pause;
      try {
        pause = ask();
      } catch (Throwable e) { // whatever an answer has brought about
        pause = failed(e);
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return; // closed
      }
    }
  }

  private Duration failed(Throwable e) {
    if (!closed) {
      failures.incrementAndGet();
      tell(String.valueOf(e instanceof IOException ? e.getMessage() : e));
    }
    return e instanceof UnreachableException ? schedule.unreachable() : schedule.failed();
  }

  private void tell(String why) {
    long now = System.nanoTime();
    if (now - toldAt >= MINUTE.toNanos()) {
      toldAt = now;
      Log.warn("can't watch %s at %s, what is known holds: %s", watched.what(), server.url(), why);
    }
  }

  /** Asks once, reads for as long as there is an answer, and tells how long to wait then. */
  private Duration ask() throws IOException {
    WatchSchedule.Ask ask = schedule.next();
    String form = ask == WatchSchedule.Ask.LIST ? LIST_FORM : ApiServer.METADATA;
    long begun = System.nanoTime();
    boolean answered = false;
    try (ApiServer.Stream answer =
        server.open(watched.query(ask, schedule), form, patience.connecting, patience.silence)) {
      answered = true;
      if (answer.status() != 200) {
        return otherwise(ask, answer);
      }
      if (ask == WatchSchedule.Ask.LIST) {
        return list(answer.body());
      }
      initial = ask == WatchSchedule.Ask.STREAM ? new InitialList(MOST) : null;
      Optional<Duration> ended = follow(answer.body(), begun);
      return ended.orElseGet(() -> schedule.ended(since(begun)));
    } catch (SocketTimeoutException e) {
      if (!answered) {
        failures.incrementAndGet();
        tell("it took the connection, and said nothing for " + patience.silence.toSeconds() + " s");
      }
      // It is asked to go on from where it stopped, which tells whether anybody is there.
      return initial == null ? schedule.ended(since(begun)) : schedule.unsupported();
    } finally {
      initial = null;
    }
  }

  private static Duration since(long begun) {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  private Duration otherwise(WatchSchedule.Ask ask, ApiServer.Stream answer) {
    String why = "it answered with status " + answer.status();
    switch (answer.status()) {
      case 410 -> {
        return schedule.expired();
      }
      case 400, 422 -> {
        if (ask == WatchSchedule.Ask.STREAM) {
          return schedule.unsupported();
        }
      }
      case 401, 403 -> {
        failures.incrementAndGet();
        tell(why + ": has the ServiceAccount the right to list and watch " + watched.what() + "?");
        return schedule.refused();
      }
      case 429, 503 -> {
        failures.incrementAndGet();
        tell(why);
        return schedule.busy(answer.retryAfter());
      }
      default -> {}
    }
    failures.incrementAndGet();
    tell(why);
    return schedule.failed();
  }

  private Duration list(InputStream body) throws IOException {
    Lines lines = new Lines(body, LONGEST);
    if (!lines.begin()) {
      throw new IOException("it answered with nothing");
    }
    InitialList all = new InitialList(MOST);
    String version = watched.parser().list(lines, all::put);
    tell(all);
    schedule.heard(version);
    return Duration.ZERO;
  }

  private void tell(InitialList all) {
    if (all.isCut()) {
      Log.warn(
          "%s has more than %d %s: nothing is known of the others", server.url(), MOST, what());
    }
    all.tell(objects);
  }

  /**
   * Tells of each event.
   *
   * @return how long to wait where there is nothing to go on with; empty at the end
   */
  private Optional<Duration> follow(InputStream body, long begun) throws IOException {
    Lines lines = new Lines(body, LONGEST);
    while (lines.begin()) {
      MetadataParser.Told told = watched.parser().event(lines);
      if (closed) {
        break;
      }
      if (told.type().equals("ERROR")) {
        return Optional.of(error(told));
      }
      if (initial == null) {
        event(told, objects);
        told.version().ifPresent(schedule::heard);
      } else if (told.listEnds()) {
        tell(initial);
        initial = null;
        told.version().ifPresent(schedule::heard);
      } else if (since(begun).compareTo(LONGEST_LIST) > 0) {
        return Optional.of(schedule.unsupported());
      } else {
        event(told, initial);
      }
    }
    return Optional.empty();
  }

  private static void event(MetadataParser.Told told, ObjectStore objects) {
    switch (told.type()) {
      case "ADDED", "MODIFIED" -> told.object().ifPresent(objects::put);
      case "DELETED" -> told.object().ifPresent(objects::remove);
      default -> {} // a bookmark, or what a newer API server tells
    }
  }

  private Duration error(MetadataParser.Told told) {
    if (told.code() == 410) {
      return schedule.expired();
    }
    failures.incrementAndGet();
    tell(told.message().isEmpty() ? "it broke off" : told.message());
    return schedule.failed();
  }
}
