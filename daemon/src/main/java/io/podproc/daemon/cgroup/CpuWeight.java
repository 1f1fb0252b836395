// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.List;

/**
 * How a runtime has made a weight of cgroup v2 ({@code cpu.weight}, 1 to 10000) of what a container
 * requests. The kubelet asks it for shares, 1024 a CPU (MilliCPUToShares in pkg/kubelet/cm), 2 to
 * 262144. To one weight belong many shares; that they are those of whole CPUs is likeliest.
 */
enum CpuWeight {
  /**
   * {@code 1 + (shares - 2) * 9999 / 262142}, rounded down: KEP-2254, runc before 1.3.2, crun
   * before 1.23, and the kubelet for the cgroups of pods.
   */
  LINEAR {
    @Override
    double least(long weight) {
      return 2 + Math.ceil((weight - 1) * STEP);
    }

    @Override
    double most(long weight) {
      return least(weight + 1) - 1;
    }
  },

  /**
   * {@code 10 ^ ((l² + 125 l) / 612 - 7 / 34)} with {@code l = log2(shares)}, rounded up:
   * ConvertCPUSharesToCgroupV2Value of opencontainers/cgroups since 0.0.3, which runc 1.3.2 has,
   * and crun 1.23. It gives 2, 1024 and 262144 shares the weights 1, 100 and 10000.
   */
  QUADRATIC {
    @Override
    double least(long weight) {
      return weight <= 1 ? LEAST_SHARES : Math.ceil(shares(weight - 1) * (1 - ROUNDING));
    }

    @Override
    double most(long weight) {
      return Math.floor(shares(weight) * (1 + ROUNDING));
    }

    private static double shares(long weight) {
      double c = 612 * (Math.log10((double) weight) + 7.0 / 34);
      return Math.pow(2, (Math.sqrt(125 * 125 + 4 * c) - 125) / 2);
    }
  };

  private static final double SHARES_OF_CPU = 1024;
  private static final double LEAST_SHARES = 2;
  private static final double STEP = 262142.0 / 9999;

  /** Of numbers with a fraction, where what should be 100 is a little more or less. */
  private static final double ROUNDING = 1e-9;

  /** The fewest shares that have this weight. */
  abstract double least(long weight);

  /** The most. */
  abstract double most(long weight);

  /**
   * What was requested, in CPUs: more than 0. A whole number comes back as it was; else it is off
   * by half of what a weight stands for: 13 m with the linear one, half a percent of one CPU with
   * the other.
   *
   * @param weight at least 1
   */
  double cpus(long weight) {
    double whole = Math.floor(most(weight) / SHARES_OF_CPU);
    return whole >= 1 && whole * SHARES_OF_CPU >= least(weight)
        ? whole
        : (least(weight) + most(weight)) / 2 / SHARES_OF_CPU;
  }

  /**
   * Which one the runtime on a node has, by a pod: what its containers request is no more than what
   * the pod does, and the kubelet has always written that one's weight by {@link #LINEAR}. The same
   * shares have a larger weight by {@link #QUADRATIC}.
   *
   * @param pod its weight
   * @param containers those of its containers
   */
  static CpuWeight ofPod(long pod, List<Long> containers) {
    double least =
        containers.stream()
            .filter(weight -> weight > 1) // as of what requests nothing
            .mapToDouble(LINEAR::least)
            .sum();
    return least <= LINEAR.most(pod) ? LINEAR : QUADRATIC;
  }
}
