// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Requests that were read while others were waiting. The kernel hands them out in the order in
 * which they came, so that a container with many readers would have all others wait for each of
 * them. From here each container gets its turn. Any number of threads use it.
 */
final class Backlog {
  /**
   * Some 8 MB. No owner may have more than is left, so one that waits with half of it leaves room
   * for all others, two leave a third.
   */
  static final int MAX_SIZE = 65_536;

  /** A request that waits. Not a record: thousands do, and none equals another. */
  static final class Request {
    private final Connection from;
    private final byte[] message;

    /**
     * @param from where it was read, and is to be answered: no other descriptor knows it
     */
    Request(Connection from, byte[] message) {
      this.from = from;
      this.message = message;
    }

    Connection from() {
      return from;
    }

    byte[] message() {
      return message;
    }
  }

  /** By owner; the first is whose turn it is. */
  @GuardedBy("this")
  private final Map<Object, ArrayDeque<Request>> waiting = new LinkedHashMap<>();

  /** Those whose owner nobody has looked for yet. */
  @GuardedBy("this")
  private final ArrayDeque<Request> unplaced = new ArrayDeque<>();

  /** Those whose owner is being looked for; they are to be added then. */
  @GuardedBy("this")
  private final List<Request> looked = new ArrayList<>();

  @GuardedBy("this")
  private int size;

  /** Has a request wait for the owner's turn. False: too many of its requests do. */
  synchronized boolean add(Object owner, Request request) {
    if (looked.remove(request)) {
      size--;
    }
    ArrayDeque<Request> own = waiting.get(owner);
    if (own == null) {
      if (isTooMuch(0)) {
        return false;
      }
      own = new ArrayDeque<>();
      waiting.put(owner, own);
    } else if (isTooMuch(own.size())) {
      return false;
    }
    own.add(request);
    size++;
    return true;
  }

  /** Has a request wait until somebody looks whose it is. False: too many do. */
  synchronized boolean addUnplaced(Request request) {
    if (isTooMuch(unplaced.size())) {
      return false;
    }
    unplaced.add(request);
    size++;
    return true;
  }

  @GuardedBy("this")
  private boolean isTooMuch(int own) {
    return own >= MAX_SIZE - size;
  }

  /**
   * The oldest request of the owner whose turn it is; empty if nobody waits.
   *
   * @param user is told where it will be answered, before {@link #uses} no longer says so
   */
  synchronized Optional<Request> take(Consumer<Connection> user) {
    var turns = waiting.entrySet().iterator();
    if (!turns.hasNext()) {
      return Optional.empty();
    }
    Map.Entry<Object, ArrayDeque<Request>> turn = turns.next();
    Object owner = turn.getKey();
    ArrayDeque<Request> requests = turn.getValue();
    turns.remove();
    Request request = requests.remove();
    user.accept(request.from);
    size--;
    if (!requests.isEmpty()) {
      waiting.put(owner, requests); // behind all others
    }
    return Optional.of(request);
  }

  /**
   * The oldest request whose owner is to be looked for; it is to be added then.
   *
   * @param user as of {@link #take}: where it is refused, it is answered there
   */
  synchronized Optional<Request> takeUnplaced(Consumer<Connection> user) {
    Request request = unplaced.poll();
    if (request != null) {
      user.accept(request.from);
      looked.add(request);
    }
    return Optional.ofNullable(request);
  }

  /** How many requests wait. */
  synchronized int size() {
    return size;
  }

  /** Whether a request waits that was read there. */
  synchronized boolean uses(Connection connection) {
    return Stream.of(
            looked.stream(),
            unplaced.stream(),
            waiting.values().stream().flatMap(ArrayDeque::stream))
        .flatMap(requests -> requests)
        .anyMatch(request -> request.from.equals(connection));
  }
}
