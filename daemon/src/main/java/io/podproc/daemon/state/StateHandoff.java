// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.state;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.fuse.kept.HandoffListener;
import io.podproc.daemon.log.StartFailure;
import java.time.Duration;

/** What is remembered of containers goes from one daemon to the next. */
public final class StateHandoff implements HandoffListener {
  private static final int FAILED = 1;

  private final StateFile file;
  private final LoadSampler sampler;
  private final HandoffCounts counts;
  private final Runnable coming;
  private final Runnable serving;

  @GuardedBy("this")
  private boolean ours;

  /**
   * @param coming is run before that, while readers wait
   * @param serving is run when this daemon's turn has begun
   */
  public StateHandoff(
      StateFile file,
      LoadSampler sampler,
      HandoffCounts counts,
      Runnable coming,
      Runnable serving) {
    this.file = file;
    this.sampler = sampler;
    this.counts = counts;
    this.coming = coming;
    this.serving = serving;
  }

  @Override
  public void comes() {
    file.read().ifPresent(sampler::restore);
    coming.run();
  }

  @Override
  public synchronized void begins(Kind kind, Duration unserved) {
    counts.began(kind, unserved);
    ours = true;
  }

  @Override
  public void serves() {
    serving.run();
  }

  @Override
  public void keepers(int count) {
    counts.keepers(count);
  }

  /** For the time being. */
  public synchronized void save() {
    if (ours) {
      file.write(sampler.snapshot());
    }
  }

  @Override
  public synchronized void ends() {
    save();
    ours = false;
  }

  @Override
  public void failed(Throwable reason) {
    try {
      StartFailure.print(reason);
    } finally {
      Runtime.getRuntime().halt(FAILED);
    }
  }
}
