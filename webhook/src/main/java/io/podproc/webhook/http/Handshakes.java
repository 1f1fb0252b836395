// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Whose handshake is next. Each costs a core a millisecond or two, and whoever reaches the port can
 * have as many as he likes. So one begins at a time, in all, with a look at what else came in
 * between; where they take more than their part of a core, they wait for each other. Peers take
 * turns, and of one peer's the newest is next: who came first may have given up. Nobody is refused:
 * who waits in vain is closed at the deadline of handshakes.
 */
final class Handshakes {
  /** They get a third of a core's time. */
  private static final int SHARE = 3;

  /** What they may take ahead of it after a while without any, in their own time. */
  static final long AHEAD = Duration.ofMillis(250).toNanos();

  /**
   * The most that one counts for: what it took may have been a collection of garbage or a
   * neighbour. So there are 16 a second at least.
   */
  private static final long MOST = Duration.ofMillis(20).toNanos();

  private final Logger log = Logger.getLogger("podproc");
  private final Queue<Peer> ring = new ArrayDeque<>();

  /** When all they took is paid for. */
  private long paid = System.nanoTime();

  private boolean busy;

  /** One that waits. */
  interface Waiting {
    EventExecutor loop();

    /** By its loop; if it's gone by then, it does nothing. */
    void begin();
  }

  /** Has it begun when its turn comes. */
  synchronized void await(Peer peer, Waiting handshake) {
    if (peer.handshakes.isEmpty()) {
      boolean _ = ring.add(peer);
    }
    peer.handshakes.addLast(handshake);
    next();
  }

  /** It is gone. */
  synchronized void forget(Peer peer, Waiting handshake) {
    if (peer.handshakes.remove(handshake) && peer.handshakes.isEmpty()) {
      boolean _ = ring.remove(peer);
    }
  }

  /** Counts what was spent on one, in nanoseconds. */
  synchronized void spent(long nanos) {
    paid = Math.max(paid, System.nanoTime()) + SHARE * Math.min(nanos, MOST);
  }

  /** Not by calling it, but on its loop, and behind what else has come there. */
  private void next() {
    if (busy || ring.isEmpty()) {
      return;
    }
    busy = true;
    long wait = paid - System.nanoTime() - SHARE * AHEAD;
    var _ =
        ring.element()
            .handshakes
            .getLast()
            .loop()
            .schedule(this::turn, Math.max(0, wait), TimeUnit.NANOSECONDS);
  }

  private void turn() {
    Waiting handshake;
    synchronized (this) {
      if (ring.isEmpty()) {
        busy = false;
        return;
      }
      Peer peer = ring.remove();
      handshake = peer.handshakes.removeLast();
      if (!peer.handshakes.isEmpty()) {
        boolean _ = ring.add(peer);
      }
    }
    handshake.loop().execute(() -> begin(handshake));
  }

  private void begin(Waiting handshake) {
    try {
      handshake.begin();
    } catch (RuntimeException | Error e) {
      log.errorf("a handshake failed: %s", e.getClass().getName());
    } finally {
      synchronized (this) {
        busy = false;
        next();
      }
    }
  }
}
