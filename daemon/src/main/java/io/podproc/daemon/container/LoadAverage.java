// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Exponentially damped averages of the number of active threads, in the kernel's arithmetic
 * (kernel/sched/loadavg.c). They change in place: what each container got anew with each sample
 * would have died by the next, but among what is old.
 */
final class LoadAverage {
  private static final int FRACTION_BITS = 11; // FSHIFT
  private static final long ONE = 1L << FRACTION_BITS; // FIXED_1
  private static final List<Duration> SPANS =
      List.of(Duration.ofMinutes(1), Duration.ofMinutes(5), Duration.ofMinutes(15));

  private final long[] values = new long[SPANS.size()];

  /** Of a container that has just begun. */
  LoadAverage() {}

  /**
   * As they were.
   *
   * @param values over 1, 5 and 15 minutes, fixed-point
   */
  LoadAverage(List<Long> values) {
    Arrays.setAll(this.values, values::get);
  }

  /** Over 1, 5 and 15 minutes, fixed-point. */
  List<Long> values() {
    return Arrays.stream(values).boxed().toList();
  }

  /**
   * Goes on to what they are after some samples that all found the same.
   *
   * @param active threads that run or wait uninterruptibly
   * @param samples how many
   * @param interval the time between them
   */
  void advance(int active, long samples, Duration interval) {
    for (int i = 0; i < values.length; i++) {
      long factor = power(factor(SPANS.get(i), interval), samples);
      values[i] = decay(values[i], factor, active * ONE);
    }
  }

  /** FIXED_1 / e^(interval / span): EXP_1, EXP_5, EXP_15 at 5 seconds. */
  private static long factor(Duration span, Duration interval) {
    return Math.round(ONE / Math.exp((double) interval.toNanos() / span.toNanos()));
  }

  /** fixed_power_int: factor^n by squaring, rounded at each step. */
  private static long power(long factor, long n) {
    long result = ONE;
    long x = factor;
    for (long left = n; left > 0; left >>= 1) {
      if ((left & 1) != 0) {
        result = (result * x + ONE / 2) >> FRACTION_BITS;
      }
      x = (x * x + ONE / 2) >> FRACTION_BITS;
    }
    return result;
  }

  /** calc_load: rounds up while the load rises. */
  private static long decay(long load, long factor, long active) {
    long sum = load * factor + active * (ONE - factor);
    if (active >= load) {
      sum += ONE - 1;
    }
    return sum / ONE;
  }
}
