// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A request's body as it comes, with the memory that is claimed for it. Of one thread. */
final class Body {
  private Bodies.@Nullable Claim claim;
  private byte[] bytes = {};
  private int length;
  private boolean whole;
  private long windowBegin;
  private int windowLength;

  /**
   * @param begun when its request began, as {@link System#nanoTime()}
   */
  Body(long begun) {
    windowBegin = begun;
  }

  /** It may come: there is memory for it. A small one has it from the first. */
  void begin(Bodies.Claim claim, int announced) {
    this.claim = claim;
    if (!claim.isLarge()) {
      bytes = new byte[announced];
    }
  }

  /** Adds what came. False: it is longer than any may be. */
  boolean add(ByteBuf content) {
    int more = content.readableBytes();
    if (length + more > Bodies.MAX) {
      return false;
    }
    if (length + more > bytes.length) {
      int longer = Math.min(Bodies.MAX, Math.max(length + more, 2 * bytes.length));
      bytes = Arrays.copyOf(bytes, longer);
    }
    content.readBytes(bytes, length, more);
    length += more;
    return true;
  }

  /** All of it has come. */
  void end() {
    whole = true;
  }

  boolean isWhole() {
    return whole;
  }

  /**
   * From now on the caller's to give back, be the client there or not; null where there is none.
   */
  Bodies.@Nullable Claim takeClaim() {
    Bodies.Claim taken = claim;
    claim = null;
    return taken;
  }

  /** What has come, from now on the caller's. */
  byte[] take() {
    byte[] taken = length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    bytes = new byte[0];
    return taken;
  }

  /** Whether a large one comes too slowly: it has memory that others wait for. */
  boolean isStalled(long now) {
    if (claim == null || !claim.isLarge() || now - windowBegin < ReviewServer.RATE_WINDOW) {
      return false;
    }
    boolean stalled = length - windowLength < ReviewServer.LEAST_IN_WINDOW;
    windowBegin = now;
    windowLength = length;
    return stalled;
  }

  /** Nobody wants it any more. */
  void giveBack() {
    bytes = new byte[0];
    Bodies.Claim held = takeClaim();
    if (held != null) {
      held.close();
    }
  }
}
