// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import io.podproc.rules.CpuWish;

/** What a container's number of CPUs is taken from. */
public enum CpuPolicy {
  /**
   * The quota, rounded up to whole CPUs, and the cpuset: whichever is less. Where the quota is,
   * they are numbered from 0.
   */
  QUOTA,
  /** The cpuset alone. */
  CPUSET,
  /** As {@link #QUOTA}, but all keep the node's numbers, so that programs can be bound to them. */
  BINDABLE;

  /** The one for a container that is to be shown its CPUs as its pod wishes. */
  public CpuPolicy with(CpuWish.Kind wish) {
    return switch (wish) {
      case CPUSET -> CPUSET;
      case LIMIT -> this == CPUSET ? QUOTA : this;
      case USUAL, REQUEST, NUMBER -> this;
    };
  }
}
