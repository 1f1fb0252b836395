// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import io.podproc.daemon.log.Log;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The label {@code podproc.io/ready=true} on this daemon's Node, for as long as the daemon serves.
 * It is set in the background, and tried again for as long as it takes: nothing waits for it. A
 * daemon that is killed leaves it where it is.
 */
public final class NodeLabel implements AutoCloseable {
  /** Whether the daemon serves now. */
  public interface Serving {
    boolean check() throws InterruptedException;
  }

  /**
   * How often it is done.
   *
   * @param check whether the daemon serves
   * @param look whether the Node still says what it was told: somebody may have removed the label,
   *     or made the Node anew. It is told again only then
   * @param retry after the first failure; twice as long after each one that follows, up to a minute
   */
  record Pace(Duration check, Duration look, Duration retry) {
    static final Pace USUAL =
        new Pace(Duration.ofSeconds(10), Duration.ofHours(1), Duration.ofSeconds(1));
  }

  private static final String LABEL = "podproc.io/ready";

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(10);
  private static final Duration GOODBYE_DEADLINE = Duration.ofSeconds(1);

  private final ApiServer server;
  private final String node;
  private final Serving serving;
  private final Pace pace;
  private final Thread thread;
  private final AtomicBoolean withdrawn = new AtomicBoolean();

  private NodeLabel(ApiServer server, String node, Serving serving, Pace pace) {
    this.server = server;
    this.node = node;
    this.serving = serving;
    this.pace = pace;
    this.thread = Thread.ofPlatform().daemon().name("node-label").unstarted(this::run);
  }

  /** Keeps the label of a Node from now on, until it is closed. */
  public static NodeLabel keep(ApiServer server, String node, Serving serving) {
    return keep(server, node, serving, Pace.USUAL);
  }

  static NodeLabel keep(ApiServer server, String node, Serving serving, Pace pace) {
    NodeLabel label = new NodeLabel(server, node, serving, pace);
    label.thread.start();
    return label;
  }

  /** Begins to remove the label, and returns at once. */
  public void withdraw() {
    if (withdrawn.compareAndSet(false, true)) {
      thread.interrupt();
    }
  }

  /** Removes the label. Takes no longer than a second, whatever the API server does. */
  @Override
  public void close() {
    withdraw();
    try {
      thread.join(GOODBYE_DEADLINE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      keep();
    } catch (InterruptedException e) {
      try {
        tell(false, GOODBYE_DEADLINE);
      } catch (IOException | RuntimeException | InterruptedException late) {
        Log.warn("the label of node %s stays: %s", node, late);
      }
    }
  }

  private void keep() throws InterruptedException {
    Optional<Boolean> told = Optional.empty();
    long lookedAt = System.nanoTime();
    long warnedAt = System.nanoTime() - MINUTE.toNanos();
    Duration retry = pace.retry;
    while (true) {
      Duration pause = pace.check;
      try {
        boolean serves = serving.check();
        boolean due = System.nanoTime() - lookedAt >= pace.look.toNanos();
        if (!told.equals(Optional.of(serves)) || (due && isLabelled() != serves)) {
          tell(serves, ANSWER_DEADLINE);
          told = Optional.of(serves);
          due = true;
        }
        if (due) {
          lookedAt = System.nanoTime();
          retry = pace.retry;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Throwable e) { // nobody else would try it again
        if (System.nanoTime() - warnedAt >= MINUTE.toNanos()) {
          warnedAt = System.nanoTime();
          Log.warn("can't label node %s at %s: %s", node, server.url(), e);
        }
        pause = retry;
        retry = retry.compareTo(MINUTE.dividedBy(2)) < 0 ? retry.multipliedBy(2) : MINUTE;
      }
      // A bit at random, as all daemons of a cluster lose the same API server at the same time.
      Thread.sleep(
          pause.multipliedBy(ThreadLocalRandom.current().nextLong(75, 126)).dividedBy(100));
    }
  }

  /** Where that can't be told it is not: then it is told, and somebody says what is wrong. */
  private boolean isLabelled() throws IOException, InterruptedException {
    ApiServer.Answer answer =
        server.get(
            "/api/v1/nodes/" + node + "?resourceVersion=0", ApiServer.METADATA, ANSWER_DEADLINE);
    return answer.status() == 200
        && answer.member("metadata").get("labels") instanceof JsonObject labels
        && labels.get(LABEL) instanceof JsonString value
        && value.getString().equals("true");
  }

  private void tell(boolean ready, Duration deadline) throws IOException, InterruptedException {
    server.merge(
        "/api/v1/nodes/" + node + "?fieldManager=podproc-daemon",
        "{\"metadata\":{\"labels\":{\"" + LABEL + "\":" + (ready ? "\"true\"" : "null") + "}}}",
        deadline);
  }
}
