// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.util.concurrent.EventExecutor;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * All connections, from their first packet on. Where there are too many, the peer with most of them
 * loses one for each that comes, first of those that never brought a review: whoever connects is
 * let in, however many others hold on to theirs.
 */
final class Connections {
  /** Each has 9 KiB in the heap, and some 30 in its handshake. */
  static final int MAX = 1000;

  /** Besides, those that had to give way and are not closed yet. */
  private static final int MAX_LEAVING = 250;

  private final Set<Connection> all = ConcurrentHashMap.newKeySet();
  private final AtomicInteger leaving = new AtomicInteger();
  private final Map<String, Peer> peers = new HashMap<>();

  /**
   * Makes room for one more.
   *
   * @return nothing if all others are busy
   */
  synchronized Optional<Connection> admit(
      InetAddress address, Function<Peer, Connection> connecting) {
    if (all.size() >= MAX) {
      Optional<Connection> least = leastWorth();
      if (least.isEmpty()) {
        return Optional.empty();
      }
      forget(least.get());
      evict(least.get());
    }
    Peer peer = peers.computeIfAbsent(Peer.name(address), name -> new Peer());
    Connection connection = connecting.apply(peer);
    boolean _ = all.add(connection);
    boolean _ = peer.connections.add(connection);
    return Optional.of(connection);
  }

  private void evict(Connection connection) {
    boolean full = leaving.get() >= MAX_LEAVING;
    if (!full) {
      int _ = leaving.incrementAndGet();
      connection.onClose(leaving::decrementAndGet);
    }
    connection.evict(full);
  }

  private Optional<Connection> leastWorth() {
    return peers.values().stream()
        .max(Comparator.comparingInt(peer -> peer.connections.size()))
        .flatMap(peer ->
            peer.connections.stream()
                .filter(Connection::isIdle)
                .min(Comparator.comparing(Connection::hasReviewed)));
  }

  /** It is closed. */
  synchronized void forget(Connection connection) {
    if (all.remove(connection)) {
      boolean _ = connection.peer().connections.remove(connection);
      boolean _ =
          peers.values().removeIf(peer -> peer.connections.isEmpty() && peer.claims.get() == 0);
    }
  }

  /** Those of one event loop, which alone may touch them. */
  List<Connection> of(EventExecutor loop) {
    return all.stream().filter(connection -> connection.loop().equals(loop)).toList();
  }

  boolean areBusy() {
    return all.stream().anyMatch(connection -> !connection.isIdle());
  }

  void closeAll() {
    all.forEach(Connection::close);
  }
}
