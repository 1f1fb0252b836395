// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * The memory of bodies. Nearly all reviews are small: those have memory of their own, which no
 * large one can take. No peer gets all of either.
 */
final class Bodies {
  /** The API server sends at most 3 MiB of a pod, twice in an update. */
  static final int MAX = 8 << 20;

  /** Ten times what a review usually has. */
  static final int SMALL = 256 << 10;

  /** What the smallest review is taken to cost. */
  private static final int LEAST = 16 << 10;

  /** What all, and what one peer's may have at a time. */
  private static final int ALL = 12 << 20;

  private static final int OF_A_PEER_SMALL = 9 << 20;
  private static final int OF_A_PEER_LARGE = 8 << 20;

  /**
   * What is made of a body in a review takes up to 32 times the body: objects with one member, of
   * six bytes. It is bounded by the number of tokens too, which ends the growth here.
   */
  private static final int MOST_IN_REVIEW = 600 << 10;

  private final Semaphore smallInReview = new Semaphore(1 << 20, true);
  private final Semaphore largeInReview = new Semaphore(2 * MOST_IN_REVIEW, true);
  private int small;
  private int large;

  /** Memory that is held for one body until it is closed. */
  final class Claim implements AutoCloseable {
    private final Peer peer;
    private final int cost;

    private Claim(Peer peer, int cost) {
      this.peer = peer;
      this.cost = cost;
    }

    boolean isLarge() {
      return cost > SMALL;
    }

    /** Runs it as soon as there is memory for what it makes of the body. */
    void review(Runnable review) {
      Semaphore memory = isLarge() ? largeInReview : smallInReview;
      int most = Math.min(cost, MOST_IN_REVIEW);
      memory.acquireUninterruptibly(most);
      try {
        review.run();
      } finally {
        memory.release(most);
      }
    }

    /** Once. */
    @Override
    public void close() {
      release(this);
    }
  }

  /**
   * Holds memory for a body that is to come.
   *
   * @param length of the body in bytes, at most {@link #MAX}
   * @return nothing if there is no room now
   */
  synchronized Optional<Claim> claim(Peer peer, int length) {
    Claim claim = new Claim(peer, Math.max(length, LEAST));
    if (claim.isLarge()) {
      if (large + claim.cost > ALL || peer.large + claim.cost > OF_A_PEER_LARGE) {
        return Optional.empty();
      }
      large += claim.cost;
      peer.large += claim.cost;
    } else {
      if (small + claim.cost > ALL || peer.small + claim.cost > OF_A_PEER_SMALL) {
        return Optional.empty();
      }
      small += claim.cost;
      peer.small += claim.cost;
    }
    int _ = peer.claims.incrementAndGet();
    return Optional.of(claim);
  }

  private synchronized void release(Claim claim) {
    if (claim.isLarge()) {
      large -= claim.cost;
      claim.peer.large -= claim.cost;
    } else {
      small -= claim.cost;
      claim.peer.small -= claim.cost;
    }
    int _ = claim.peer.claims.decrementAndGet();
  }
}
