// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.fuse.Turn;
import java.time.Duration;

/** What is remembered of containers goes from one daemon to the next. */
final class Inheritance implements Turn {
  private static final int FAILED = 1;

  private final StateFile file;
  private final LoadSampler sampler;
  private final DaemonMetrics metrics;
  private final Runnable serving;

  @GuardedBy("this")
  private boolean ours;

  /**
   * @param serving is run when this daemon's turn has begun
   */
  Inheritance(StateFile file, LoadSampler sampler, DaemonMetrics metrics, Runnable serving) {
    this.file = file;
    this.sampler = sampler;
    this.metrics = metrics;
    this.serving = serving;
  }

  @Override
  public void comes() {
    file.read().ifPresent(sampler::restore);
  }

  @Override
  public synchronized void begins(Kind kind, Duration unserved) {
    metrics.began(kind, unserved);
    ours = true;
  }

  @Override
  public void serves() {
    serving.run();
  }

  @Override
  public void keepers(int count) {
    metrics.keepers(count);
  }

  /** For the time being. */
  synchronized void save() {
    if (ours) {
      file.write(sampler.memory());
    }
  }

  @Override
  public synchronized void ends() {
    save();
    ours = false;
  }

  @Override
  public void failed(Exception reason) {
    StartFailure.print(reason);
    Runtime.getRuntime().halt(FAILED);
  }
}
