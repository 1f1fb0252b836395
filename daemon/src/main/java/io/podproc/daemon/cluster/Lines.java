// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;
import java.io.InputStream;

/**
 * The lines of a stream, each a stream that ends where the line does. What is longer than an object
 * may be is refused before it takes memory.
 */
final class Lines extends InputStream {
  private final InputStream in;
  private final int most;
  private final byte[] buffer = new byte[8192];
  private int next;
  private int end;
  private int left;
  private boolean begun;

  /**
   * @param most bytes that a line may have
   */
  Lines(InputStream in, int most) {
    this.in = in;
    this.most = most;
    left = most;
  }

  /**
   * Begins the next line that is not empty; what is left of this one is passed over.
   *
   * @return false at the end
   */
  boolean begin() throws IOException {
    while (begun && read() >= 0) {
      // the rest of a line that its reader did not need
    }
    begun = true;
    left = most;
    while (fill()) {
      if (buffer[next] != '\n' && buffer[next] != '\r') {
        return true;
      }
      next++;
    }
    return false;
  }

  /** Gives the line as many bytes again. */
  void renew() {
    left = most;
  }

  private boolean fill() throws IOException {
    if (next == end) {
      next = 0;
      end = Math.max(in.read(buffer), 0);
    }
    return next < end;
  }

  private boolean goesOn() throws IOException {
    if (!fill() || buffer[next] == '\n') {
      return false;
    }
    if (left == 0) {
      throw new IOException("it sent more than " + most + " bytes for an object");
    }
    return true;
  }

  @Override
  public int read() throws IOException {
    if (!goesOn()) {
      return -1;
    }
    left--;
    return buffer[next++] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    int count = 0;
    // No more than is there: who waits for a whole buffer would wait for the next event.
    while (count < length && (count == 0 || next < end) && goesOn()) {
      left--;
      into[offset + count++] = buffer[next++];
    }
    return count == 0 ? -1 : count;
  }

  @Override
  public void close() {
    // A parser closes what it has read, which here is a line.
  }
}
