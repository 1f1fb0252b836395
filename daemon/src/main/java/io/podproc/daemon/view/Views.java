// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import java.io.IOException;
import java.util.Optional;

/** Finds the view of a caller. */
public interface Views {
  /**
   * The container that a thread is in; empty for one of the host's own.
   *
   * @param callerTid as the daemon's pid namespace numbers it
   * @throws IOException the caller is gone, or can't be placed
   */
  Optional<View> of(int callerTid) throws IOException;

  /**
   * Who asks, in order to be fair: the same for all threads of a container. It may be out of date,
   * and costs little.
   */
  Object owner(int callerTid);

  /**
   * The view to try again with where one could not be read: a new one where the cgroup may have
   * been removed and made anew under the same name.
   */
  View renew(View view);
}
