// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import java.io.IOException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A file of the host that reads the same for every caller, parsed once for all of those who ask
 * within a short time.
 */
final class HostFile<T> {
  private final KernelFile file;
  private final Function<String, T> parser;
  private final long maxAgeNanos;
  private final LongSupplier nanoTime;

  private volatile @Nullable Reading<T> last;

  private record Reading<T>(T value, long takenNanos) {}

  HostFile(KernelFile file, Function<String, T> parser, long maxAgeNanos, LongSupplier nanoTime) {
    this.file = file;
    this.parser = parser;
    this.maxAgeNanos = maxAgeNanos;
    this.nanoTime = nanoTime;
  }

  T get() throws IOException {
    Reading<T> reading = last;
    long now = nanoTime.getAsLong();
    return reading == null || now - reading.takenNanos >= maxAgeNanos
        ? refreshed(now).value
        : reading.value;
  }

  /** One at a time: an older text must not take the place of a newer one, or counters go back. */
  private synchronized Reading<T> refreshed(long asked) throws IOException {
    Reading<T> reading = last;
    if (reading == null || asked - reading.takenNanos >= maxAgeNanos) {
      reading = new Reading<>(parser.apply(file.read()), asked);
      last = reading;
    }
    return reading;
  }
}
