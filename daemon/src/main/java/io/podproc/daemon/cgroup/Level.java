// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.io.IOException;
import java.util.Optional;

/** A directory whose files bind or tell of what is in it and below it. */
sealed interface Level permits Directory, Ancestor {
  /** The text of a file; empty where the kernel has no such file in this directory. */
  Optional<String> readIfPresent(String name) throws IOException;

  /** As {@link #readIfPresent}, of a file that says a limit: an ancestor's may be a second old. */
  Optional<String> limit(String name) throws IOException;
}
