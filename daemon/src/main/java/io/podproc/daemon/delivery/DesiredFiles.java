// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.rules.ViewWish;
import java.util.Set;

/**
 * What the containers of a pod should have.
 *
 * @param files by their paths in the container, as {@code /proc/meminfo}
 * @param explicitly the pod itself is labelled: privileged containers of it get files, too
 * @param view what the files are to show of each, whoever brought them
 */
public record DesiredFiles(Set<String> files, boolean explicitly, ViewWish view) {
  /** Files that show the usual. */
  public DesiredFiles(Set<String> files, boolean explicitly) {
    this(files, explicitly, ViewWish.NONE);
  }

  /** Whether there is nothing to be remembered of it. */
  boolean isNothing() {
    return files.isEmpty() && view.equals(ViewWish.NONE);
  }
}
