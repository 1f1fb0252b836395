// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

/** What a container's number of CPUs is taken from. */
public enum CpuPolicy {
  /** The quota, rounded up to whole CPUs, and the cpuset: whichever is less. */
  QUOTA,
  /** The cpuset alone. */
  CPUSET
}
