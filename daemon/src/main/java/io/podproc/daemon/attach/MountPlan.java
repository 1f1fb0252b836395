// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.attach.Target.Tree;
import io.podproc.daemon.delivery.Kind;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.MountVisit.Held;
import io.podproc.daemon.linux.SystemCallException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is to be done to the mounts of one container, all of it in one visit. */
final class MountPlan {
  private final MountVisit visit;
  private final Target target;
  private final OurMounts ours;
  private final Path mountPoint;

  /** Our files, and on what they are to be put. */
  private final Map<Integer, Held> attached = new LinkedHashMap<>();

  private final List<Held> detached = new ArrayList<>();

  /** Of which a copy is to be kept that nothing covers. */
  private final List<Tree> kept = new ArrayList<>();

  /** Such copies that are not needed any more. */
  private final List<Mount> spare = new ArrayList<>();

  private final List<String> failures = new ArrayList<>();
  private String skipped = "";

  /** Why some of the files are none that it can have; empty: it can have all. */
  private String without = "";

  private MountPlan(MountVisit visit, Target target, OurMounts ours, Path mountPoint) {
    this.visit = visit;
    this.target = target;
    this.ours = ours;
    this.mountPoint = mountPoint;
  }

  /**
   * Compares what is wanted with what is there.
   *
   * @param explicitly whether it is wanted in privileged containers, too
   */
  static MountPlan plan(
      MountVisit visit,
      Target target,
      OurMounts ours,
      Path mountPoint,
      Set<String> files,
      boolean explicitly)
      throws SystemCallException {
    MountPlan plan = new MountPlan(visit, target, ours, mountPoint);
    plan.skipped = files.isEmpty() ? "" : skipped(target.kind(), explicitly);
    Set<String> wanted = plan.skipped.isEmpty() ? files : Set.of();
    List<Mount> brought = target.brought(ours);
    for (Mount mount : brought) {
      if (!wanted.contains(mount.root())) {
        plan.takeAway(mount);
      }
    }
    for (String file : wanted.stream().sorted().toList()) {
      plan.lay(file);
    }
    boolean some = brought.size() > plan.detached.size() || !plan.attached.isEmpty();
    plan.planSpares(some);
    return plan;
  }

  /** Why it gets none; empty where it gets what is wanted. */
  private static String skipped(Kind kind, boolean explicitly) {
    return switch (kind) {
      case HOST_PID -> "it is in the node's pid namespace (hostPID)";
      case PRIVILEGED -> explicitly ? "" : "it is privileged, and its pod is not labelled";
      default -> "";
    };
  }

  private void takeAway(Mount mount) {
    try {
      Held seen = target.reach().at(mount);
      if (seen.id() == mount.id()) {
        detached.add(seen);
      }
    } catch (SystemCallException e) {
      failures.add(mount.point() + ": " + e.getMessage());
    }
  }

  /** What is mounted there already is ours, or the user's, and stays. */
  private void lay(String file) {
    Tree tree = target.treeOf(file).orElse(null);
    if (tree == null) {
      without = target.without();
      return;
    }
    try {
      Held there = visit.within(tree.held(), file.substring(tree.point().length() + 1));
      Path live = mountPoint.resolve("./" + file);
      attached.put(visit.copy(live, target.mapped(), true), there);
    } catch (SystemCallException e) {
      switch (e.errno()) {
        case Errno.EXDEV, Errno.ENOENT -> {}
        case Errno.ELOOP -> failures.add(file + ": nothing serves it");
        default -> failures.add(file + ": " + e.getMessage());
      }
    }
  }

  private void planSpares(boolean some) {
    List<Mount> there =
        target.reach().mounts().mounts().stream()
            .filter(ours::isUncovered)
            .filter(mount -> !target.reach().mounts().isCovered(mount))
            .toList();
    if (!some) {
      spare.addAll(there);
      return;
    }
    // With its /proc masked no namespace inside could mount one before, and none is to.
    if (attached.isEmpty() || target.trees().getFirst().masked()) {
      return;
    }
    for (Tree tree : target.trees()) {
      boolean isThere =
          there.stream().anyMatch(mount -> mount.point().equals(OurMounts.uncovered(tree.point())));
      if (!tree.masked() && !isThere) {
        kept.add(tree);
      }
    }
  }

  /** Whether all is as it is wanted. */
  boolean isEmpty() {
    return attached.isEmpty() && detached.isEmpty() && spare.isEmpty();
  }

  /** What to say where there is nothing to be done. */
  Outcome nothing() {
    if (!failures.isEmpty()) {
      return new Outcome(Result.FAILED, String.join(", ", failures), 0, 0);
    }
    return skipped.isEmpty()
        ? new Outcome(Result.NOTHING_TO_DO, without, 0, 0)
        : new Outcome(Result.SKIPPED, skipped, 0, 0);
  }

  /** Does it. The thread must end then. */
  Outcome run() throws SystemCallException {
    visit.enter();
    try {
      keepUncovered();
    } catch (SystemCallException e) {
      String why = "no uncovered procfs can be kept for namespaces inside: " + e.getMessage();
      return new Outcome(Result.FAILED, why, 0, 0);
    }
    int on = 0;
    for (Map.Entry<Integer, Held> entry : attached.entrySet()) {
      on += succeeds(() -> visit.putOn(entry.getKey(), entry.getValue()));
    }
    int off = 0;
    for (Held mount : detached) {
      off += succeeds(() -> visit.detach(mount));
    }
    for (Mount mount : spare) {
      int _ = succeeds(() -> dropSpare(mount));
    }
    if (!failures.isEmpty()) {
      return new Outcome(Result.FAILED, String.join(", ", failures), on, off);
    }
    return skipped.isEmpty()
        ? new Outcome(Result.DONE, without, on, off)
        : new Outcome(Result.SKIPPED, skipped, on, off);
  }

  private interface Step {
    void take() throws SystemCallException;
  }

  private int succeeds(Step step) {
    try {
      step.take();
      return 1;
    } catch (SystemCallException e) {
      failures.add(e.getMessage());
      return 0;
    }
  }

  private void keepUncovered() throws SystemCallException {
    for (Tree tree : kept) {
      visit.keepUncovered(
          tree.held(), target.reach().dev(), OurMounts.inDev(OurMounts.uncovered(tree.point())));
    }
  }

  private void dropSpare(Mount mount) throws SystemCallException {
    Held seen = target.reach().at(mount);
    if (seen.id() == mount.id()) {
      visit.detach(seen);
      visit.removeDirectories(target.reach().dev(), OurMounts.inDev(mount.point()));
    }
  }
}
