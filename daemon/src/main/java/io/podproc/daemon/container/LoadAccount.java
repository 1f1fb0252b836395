// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.view.Load;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The load of one container, and its last census. Nothing here waits for the kernel. */
final class LoadAccount {
  @GuardedBy("this")
  private LoadAverage average = new LoadAverage();

  @GuardedBy("this")
  private int forks;

  @GuardedBy("this")
  private int nodePid;

  @GuardedBy("this")
  private @Nullable Census last;

  /** Goes on where another daemon left off. */
  synchronized void restore(Load load, Census census) {
    average = new LoadAverage(load.averages());
    forks = Math.max(forks, load.forks());
    if (last == null) {
      last = census;
      nodePid = census.nodePid();
    }
  }

  synchronized void take(Census census) {
    last = census;
    forks = Math.max(forks, census.lastPid());
    nodePid = census.nodePid();
  }

  /**
   * Since the last census no thread has run, and so none was started.
   *
   * @param lastPid that was given out on the node until then
   */
  synchronized void rested(int lastPid) {
    nodePid = lastPid;
  }

  /** The largest pid of the node when it was last known which threads there are. */
  synchronized int nodePid() {
    return nodePid;
  }

  /** Empty while nobody has looked. */
  synchronized Optional<Census> census() {
    return Optional.ofNullable(last);
  }

  /** As of the last sample and the last census; no threads while nobody has looked. */
  synchronized Load load() {
    Census census = last;
    List<Long> averages = average.values();
    return census == null
        ? new Load(averages, 0, 0, 0, forks, forks)
        : new Load(averages, census.running(), census.blocked(), census.total(), forks, forks);
  }

  /** Takes samples that have become due, with what the last census counted. */
  synchronized void sample(long samples, Duration interval) {
    Census census = last;
    int active = census == null ? 0 : census.running() + census.blocked();
    average.advance(active, samples, interval);
  }
}
