// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.repair.Place;
import io.podproc.daemon.repair.Repair;
import io.podproc.daemon.repair.Search;
import io.podproc.daemon.repair.Tally;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Brings the containers that run when a daemon starts to its files, on a thread of its own. */
final class RepairOnStart {
  /**
   * A container that is being made when the daemon starts may have looked at the mount point just
   * before: the kubelet gives its runtime two minutes.
   */
  private static final Duration SECOND_LOOK = Duration.ofMinutes(2);

  private final Search search;
  private final Repair repair;
  private final boolean seeds;

  RepairOnStart(DaemonConfig config, Processes processes, VirtualTree tree, RepairMetrics metrics) {
    this.search = new Search(processes, tree, config.mountPoint());
    this.repair = new Repair(config.procRoot(), config.mountPoint(), metrics);
    this.seeds = config.repairSeeds();
  }

  void start() {
    Thread _ = Thread.ofPlatform().daemon().name("repair").start(this::repair);
  }

  private void repair() {
    if (!MountVisit.canPutBeneath()) {
      Log.info(
          "this kernel can't put a mount beneath another (MOVE_MOUNT_BENEATH, Linux 6.5): live files"
              + " are laid on dead ones, which stay");
    }
    try {
      look();
      Thread.sleep(SECOND_LOOK);
      look();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() throws InterruptedException {
    try {
      List<Place> places = search.stale(seeds);
      if (!places.isEmpty()) {
        Tally tally = repair.exchange(places);
        Log.info("repaired %s", tally);
      }
    } catch (IOException e) {
      Log.warn("files of running containers are not repaired: %s", e.getMessage());
    } catch (RuntimeException e) {
      Log.error("files of running containers are not repaired", e);
    }
  }
}
