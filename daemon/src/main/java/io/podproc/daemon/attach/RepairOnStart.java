// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.linux.KernelFeatures;
import io.podproc.daemon.linux.Lack;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Brings the containers that run when a daemon starts to its files, on a thread of its own. */
public final class RepairOnStart {
  /**
   * A container that is being made when the daemon starts may have looked at the mount point just
   * before: the kubelet gives its runtime two minutes.
   */
  private static final Duration SECOND_LOOK = Duration.ofMinutes(2);

  /** On a node without free CPU not all may be through in the time of a visit. */
  private static final Duration AGAIN = Duration.ofSeconds(10);

  private static final int AGAIN_AT_MOST = 6;

  private final Search search;
  private final Repair repair;
  private final boolean placeholders;

  /**
   * @param placeholders whether the host's files are exchanged, too
   */
  public RepairOnStart(Search search, Repair repair, boolean placeholders) {
    this.search = search;
    this.repair = repair;
    this.placeholders = placeholders;
  }

  /** Looks now, soon again where something failed, and once more later. */
  public void start() {
    Thread _ = Thread.ofPlatform().daemon().name("repair").start(this::repair);
  }

  private void repair() {
    if (!KernelFeatures.moveMountBeneath()) {
      Log.info("this kernel can't put a mount beneath another %s", Lack.MOVE_MOUNT_BENEATH);
    }
    try {
      boolean isDone = look();
      for (int again = 0; !isDone && again < AGAIN_AT_MOST; again++) {
        Thread.sleep(AGAIN);
        isDone = look();
      }
      Thread.sleep(SECOND_LOOK);
      boolean _ = look();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether nothing has failed. */
  private boolean look() throws InterruptedException {
    try {
      List<MountNamespace> namespaces = search.stale(placeholders);
      if (!namespaces.isEmpty()) {
        Totals totals = repair.exchange(namespaces);
        Log.info("repaired %s", totals);
        return totals.failed() == 0;
      }
      return true;
    } catch (IOException e) {
      Log.warn("files of running containers are not repaired: %s", e.getMessage());
    } catch (InterruptedException e) {
      throw e;
    } catch (Throwable e) { // there is a second look
      Log.error("files of running containers are not repaired", e);
    }
    return false;
  }
}
