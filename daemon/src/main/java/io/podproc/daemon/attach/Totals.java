// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import java.util.List;

/**
 * What came of it all.
 *
 * @param done how many mounts
 * @param namespaces how many of these have mounts for which it was done
 * @param failed how many mounts
 */
public record Totals(int done, int namespaces, int failed) {
  /** Nothing was to be done. */
  public static final Totals NONE = new Totals(0, 0, 0);

  Totals and(List<Change> ofOneNamespace) {
    int more = (int) ofOneNamespace.stream().map(Change::result).filter(Result::isDone).count();
    int bad = (int) ofOneNamespace.stream().filter(o -> o.result() == Result.FAILED).count();
    return new Totals(done + more, namespaces + (more > 0 ? 1 : 0), failed + bad);
  }

  Totals and(Totals other) {
    return new Totals(done + other.done, namespaces + other.namespaces, failed + other.failed);
  }

  @Override
  public String toString() {
    return done + " mounts in " + namespaces + " namespaces, " + failed + " failed";
  }
}
