// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What a container requests, as the weight of its cgroup tells. */
final class RequestedCpus {
  private static final String WEIGHT = "cpu.weight";

  /** What a cgroup has to which nobody gave one. */
  private static final long DEFAULT = 100;

  /** A pod's containers come one after the other, and tell more when all are there. */
  private static final long MAX_AGE_NANOS = Duration.ofSeconds(1).toNanos();

  private final Directory directory;
  private final LongSupplier nanoTime;
  private volatile @Nullable Found found;

  private record Found(CpuWeight formula, long takenNanos) {}

  /**
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  RequestedCpus(Directory directory, LongSupplier nanoTime) {
    this.directory = directory;
    this.nanoTime = nanoTime;
  }

  /** In CPUs; empty where it has no weight. */
  OptionalDouble read() throws IOException {
    long weight = 0;
    for (Level level : directory.own()) { // crun has set it in either
      OptionalLong told = Numbers.parse(level.readIfPresent(WEIGHT).orElse(""));
      if (told.orElse(0) > 0 && (weight == 0 || weight == DEFAULT)) {
        weight = told.getAsLong();
      }
    }
    return weight > 0 ? OptionalDouble.of(formula().cpus(weight)) : OptionalDouble.empty();
  }

  /** Once it is the newer one, it is. */
  private CpuWeight formula() throws IOException {
    Found known = found;
    long now = nanoTime.getAsLong();
    if (known == null
        || (known.formula == CpuWeight.LINEAR && now - known.takenNanos >= MAX_AGE_NANOS)) {
      known = new Found(look(), now);
      found = known;
    }
    return known.formula;
  }

  private CpuWeight look() throws IOException {
    OptionalLong pod = Numbers.parse(directory.above(WEIGHT).orElse(""));
    List<Long> containers =
        directory.beside(WEIGHT).stream()
            .flatMapToLong(text -> Numbers.parse(text).stream())
            .boxed()
            .toList();
    return pod.orElse(0) > 0 ? CpuWeight.ofPod(pod.getAsLong(), containers) : CpuWeight.LINEAR;
  }
}
