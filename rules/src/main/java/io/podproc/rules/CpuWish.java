// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.math.BigDecimal;
import java.util.Optional;

/**
 * What a container's number of CPUs is to be taken from.
 *
 * @param most CPUs to show, with {@link Kind#NUMBER} alone, from {@link #LEAST} to {@link #MOST}
 */
public record CpuWish(Kind kind, double most) {
  /** The least quota that a kubelet sets: 1 ms in 100 ms. */
  public static final double LEAST = 0.01;

  /** The most CPUs that a kernel can be built for (NR_CPUS of x86). */
  public static final double MOST = 8192;

  /** As the daemon is set. */
  public static final CpuWish USUAL = new CpuWish(Kind.USUAL, 0);

  /** Where the number is taken from. */
  public enum Kind {
    /** As the daemon is set. */
    USUAL,
    /** The limit: quota and cpuset. */
    LIMIT,
    /** What the container requests. */
    REQUEST,
    /** The cpuset alone. */
    CPUSET,
    /** A number. */
    NUMBER
  }

  /** Reads the annotation; empty where it says nothing that can be used. */
  static Optional<CpuWish> read(String text) {
    return switch (text.strip()) {
      case "limit" -> Optional.of(new CpuWish(Kind.LIMIT, 0));
      case "request" -> Optional.of(new CpuWish(Kind.REQUEST, 0));
      case "cpuset" -> Optional.of(new CpuWish(Kind.CPUSET, 0));
      default ->
          Quantity.read(text.strip())
              .filter(number ->
                  number.compareTo(BigDecimal.valueOf(LEAST)) >= 0
                      && number.compareTo(BigDecimal.valueOf(MOST)) <= 0)
              .map(number -> new CpuWish(Kind.NUMBER, number.doubleValue()));
    };
  }
}
