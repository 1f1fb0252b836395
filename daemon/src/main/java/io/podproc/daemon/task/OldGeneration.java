// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.task;

import java.util.function.LongSupplier;

/**
 * Keeps what nobody uses any more from piling up in the heap. The serial collector looks through
 * its old generation only when that can't grow any more, which is at {@code -Xmx}: until then each
 * daemon would take more of its node's memory by the hour.
 */
public final class OldGeneration {
  /** How much may have been added before all of it is looked through, a pause of some 30 ms. */
  static final long SLACK = 1 << 20;

  private final LongSupplier heapBytes;
  private final Runnable collection;
  private long afterLast;

  public OldGeneration() {
    this(Runtime.getRuntime()::totalMemory, System::gc);
  }

  /**
   * @param heapBytes what the heap takes of the system's memory, used or not
   * @param collection gives back what is not used
   */
  OldGeneration(LongSupplier heapBytes, Runnable collection) {
    this.heapBytes = heapBytes;
    this.collection = collection;
    this.afterLast = heapBytes.getAsLong();
  }

  /** Looks through it if it has grown since it was last looked through. */
  public void tend() {
    if (heapBytes.getAsLong() - afterLast >= SLACK) {
      collection.run();
      afterLast = heapBytes.getAsLong();
    }
  }
}
