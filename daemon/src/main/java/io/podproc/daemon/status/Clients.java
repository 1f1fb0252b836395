// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Who is connected. There is room for each newcomer: where there are too many, the one gives way
 * that came first of those who have the most connections. So whoever asks at once is answered,
 * however many others do nothing. Of one thread.
 */
final class Clients<C> {
  private final int most;
  private final int mostOfOne;
  private final Map<Object, Deque<C>> byPeer = new LinkedHashMap<>();
  private int count;

  /**
   * @param most how many there are at a time
   * @param mostOfOne how many of them are one peer's
   */
  Clients(int most, int mostOfOne) {
    this.most = most;
    this.mostOfOne = mostOfOne;
  }

  /** Who counts as one. Of IPv6 a /64: whoever has one address there may have all of them. */
  static Object peer(InetAddress address) {
    return address instanceof Inet6Address
        ? ByteBuffer.wrap(address.getAddress(), 0, Long.BYTES)
        : address;
  }

  /** Adds one. Returns who has to give way, and is not among them any more. */
  Optional<C> add(Object peer, C client) {
    Optional<C> leaving = Optional.empty();
    if (of(peer) >= mostOfOne) {
      leaving = oldestOf(peer);
    } else if (count >= most) {
      leaving =
          byPeer.keySet().stream().max(Comparator.comparingInt(this::of)).flatMap(this::oldestOf);
    }
    byPeer.computeIfAbsent(peer, _ -> new ArrayDeque<>()).add(client);
    count++;
    return leaving;
  }

  private int of(Object peer) {
    Deque<C> clients = byPeer.get(peer);
    return clients == null ? 0 : clients.size();
  }

  private Optional<C> oldestOf(Object peer) {
    C oldest = Objects.requireNonNull(byPeer.get(peer)).getFirst();
    remove(peer, oldest);
    return Optional.of(oldest);
  }

  /** Does nothing where it is not among them. */
  void remove(Object peer, C client) {
    Deque<C> clients = byPeer.get(peer);
    if (clients != null && clients.remove(client)) {
      count--;
      if (clients.isEmpty()) {
        byPeer.remove(peer);
      }
    }
  }

  boolean isEmpty() {
    return count == 0;
  }
}
