// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** What one address has here. */
final class Peer {
  private static final int IPV6 = 16;
  private static final int IPV6_NETWORK = 8;

  /** In the order in which they came. Guarded by {@link Connections}. */
  final Set<Connection> connections = new LinkedHashSet<>();

  /**
   * Those whose turn has not come, in the order in which they came. Guarded by {@link Handshakes}.
   */
  final SequencedSet<Handshakes.Waiting> handshakes = new LinkedHashSet<>();

  /** Bytes of bodies. Guarded by {@link Bodies}. */
  int small;

  int large;

  /** Bodies that are held: while there are some, this is who holds them. */
  final AtomicInteger claims = new AtomicInteger();

  /** What tells peers apart: an IPv4 address, or the /64 that an IPv6 host can choose from. */
  static String name(InetAddress address) {
    byte[] bytes = address.getAddress();
    return HexFormat.of()
        .formatHex(bytes.length == IPV6 ? Arrays.copyOf(bytes, IPV6_NETWORK) : bytes);
  }
}
