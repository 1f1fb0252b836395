// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.Locale;

/** A resource that tasks may be stalled for (Documentation/accounting/psi.rst). */
public enum Pressure {
  CPU,
  MEMORY,
  IO;

  /** As the kernel names it in /proc/pressure/ and before {@code .pressure}. */
  public String kernelName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
