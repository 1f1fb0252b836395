// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Requests that were read while others were waiting. The kernel hands them out in the order in
 * which they came, so that a container with many readers would have all others wait for each of
 * them. From here each container gets its turn.
 */
final class Backlog {
  /** No more than that is taken from the kernel, who keeps the rest. */
  private static final int MAX_SIZE = 1024;

  /**
   * A request that waits.
   *
   * @param from where it was read, and is to be answered: no other descriptor knows it
   */
  record Request(Connection from, ByteBuffer message) {}

  /** By asker; the first is whose turn it is. */
  @GuardedBy("this")
  private final Map<Object, ArrayDeque<Request>> waiting = new LinkedHashMap<>();

  @GuardedBy("this")
  private int size;

  synchronized void add(Object asker, Request request) {
    waiting.computeIfAbsent(asker, a -> new ArrayDeque<>()).add(request);
    size++;
  }

  /**
   * The oldest request of the asker whose turn it is; empty if nobody waits.
   *
   * @param user is told where it will be answered, before {@link #uses} no longer says so
   */
  synchronized Optional<Request> take(Consumer<Connection> user) {
    var turns = waiting.entrySet().iterator();
    if (!turns.hasNext()) {
      return Optional.empty();
    }
    Map.Entry<Object, ArrayDeque<Request>> turn = turns.next();
    Object asker = turn.getKey();
    ArrayDeque<Request> requests = turn.getValue();
    turns.remove();
    Request request = requests.remove();
    size--;
    user.accept(request.from);
    if (!requests.isEmpty()) {
      waiting.put(asker, requests); // behind all others
    }
    return Optional.of(request);
  }

  synchronized boolean isFull() {
    return size >= MAX_SIZE;
  }

  /** Whether a request waits that was read there. */
  synchronized boolean uses(Connection connection) {
    return waiting.values().stream()
        .flatMap(ArrayDeque::stream)
        .anyMatch(request -> request.from.equals(connection));
  }
}
