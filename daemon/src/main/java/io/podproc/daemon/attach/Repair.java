// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.MountVisit.Held;
import io.podproc.daemon.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Exchanges mounts in containers for live ones, or takes them away. A reader sees the one or the
 * other and nothing between. Each namespace is visited by a thread of its own that has a limited
 * time; whatever goes wrong in one, the others get their turn.
 */
public final class Repair {
  /** For what is done in a namespace, where each step is answered. */
  private static final Duration TIME = Duration.ofSeconds(8);

  private static final String LATE = "no time left";
  private static final String OTHER = "another mount is seen there";

  /** More than any node has. */
  static final int MOST_MOUNTS = 65_536;

  private final Path procRoot;
  private final Processes processes;
  private final Path mountPoint;
  private final Repairs told;

  /**
   * @param procRoot where the host's /proc is seen
   * @param mountPoint where live files are seen
   */
  public Repair(Path procRoot, Path mountPoint, Repairs told) {
    this.procRoot = procRoot;
    this.processes = new Processes(procRoot);
    this.mountPoint = mountPoint;
    this.told = told;
  }

  /** What is done in a namespace. The outcomes are added one by one. */
  private interface Work {
    void in(MountNamespace namespace, Reach reach, List<Change> outcomes)
        throws SystemCallException;
  }

  /** Puts a live file in the place of each finding. */
  public Totals exchange(List<MountNamespace> namespaces) throws InterruptedException {
    return visit(namespaces, this::exchange);
  }

  /** Takes findings away, so that each container sees the files of its own that lie beneath. */
  Totals takeAway(List<MountNamespace> namespaces) throws InterruptedException {
    return visit(namespaces, Repair::takeAway);
  }

  /**
   * Takes all mounts of a mount point's daemons away, wherever they are; of containers, too, that
   * were being made and are seen only afterwards.
   *
   * @throws IOException processes can't be looked at
   */
  public Totals release(Search search) throws IOException, InterruptedException {
    List<MountNamespace> namespaces = search.ours();
    Totals totals = takeAway(namespaces);
    Set<Long> known =
        namespaces.stream()
            .flatMap(namespace -> namespace.findings().stream())
            .map(finding -> finding.mount().id())
            .collect(Collectors.toUnmodifiableSet());
    List<MountNamespace> late =
        search.ours().stream()
            .map(namespace -> namespace.only(finding -> !known.contains(finding.mount().id())))
            .filter(namespace -> !namespace.findings().isEmpty())
            .toList();
    return totals.and(takeAway(late));
  }

  private Totals visit(List<MountNamespace> namespaces, Work work) throws InterruptedException {
    List<List<Change>> all = new ArrayList<>();
    SideBySide.visit(
        namespaces,
        namespace -> enter(namespace, work),
        new SideBySide.Listener<>() {
          @Override
          public void ended(MountNamespace namespace, List<Change> outcomes) {
            told.visited(namespace, outcomes);
            all.add(outcomes);
          }

          @Override
          public void failed(MountNamespace namespace, String why) {
            ended(namespace, Repair.failed(namespace.findings(), Result.FAILED, why));
          }
        });
    Totals totals = Totals.NONE;
    for (List<Change> outcomes : all) {
      totals = totals.and(outcomes);
    }
    return totals;
  }

  private List<Change> enter(MountNamespace namespace, Work work) {
    List<Change> outcomes = new ArrayList<>();
    try (MountVisit visit = new MountVisit(procRoot, namespace.pid())) {
      work.in(namespace, reach(namespace, visit), outcomes);
    } catch (SystemCallException e) {
      outcomes.addAll(
          rest(namespace, outcomes, isGone(e) ? Result.GONE : Result.FAILED, e.getMessage()));
    } catch (IOException e) {
      outcomes.addAll(rest(namespace, outcomes, Result.GONE, String.valueOf(e.getMessage())));
    }
    return outcomes;
  }

  private Reach reach(MountNamespace namespace, MountVisit visit) throws IOException {
    return new Reach(
        visit,
        MountInfo.readAll(
                visit.file("mountinfo"),
                MOST_MOUNTS,
                mount ->
                    Reach.concerns(mount)
                        || namespace.findings().stream()
                            .anyMatch(finding ->
                                finding.point().equals(mount.point())
                                    || Reach.isAbove(mount, finding.point())))
            .orElseThrow(() -> new IOException("it has more mounts than are looked at")),
        processes);
  }

  private static List<Change> rest(
      MountNamespace namespace, List<Change> outcomes, Result result, String why) {
    Set<Finding> through =
        outcomes.stream().map(Change::finding).collect(Collectors.toUnmodifiableSet());
    return failed(
        namespace.findings().stream().filter(finding -> !through.contains(finding)).toList(),
        result,
        why);
  }

  private static List<Change> failed(List<Finding> findings, Result result, String why) {
    return findings.stream().map(finding -> new Change(finding, result, why)).toList();
  }

  private static Change changeBy(SystemCallException e, Finding finding) {
    String why =
        e.isUnasked()
            ? "a file system of its own would have to be asked for it"
            : String.valueOf(e.getMessage());
    return new Change(finding, isGone(e) ? Result.GONE : Result.FAILED, why);
  }

  private static boolean isGone(SystemCallException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.ESRCH, Errno.ENOTDIR -> true;
      default -> false;
    };
  }

  private void exchange(MountNamespace namespace, Reach reach, List<Change> outcomes)
      throws SystemCallException {
    MountVisit visit = reach.visit();
    Map<Finding, Integer> copies = new LinkedHashMap<>();
    for (Finding finding : namespace.findings()) {
      try {
        Path live = mountPoint.resolve("./" + finding.file());
        Mount mount = finding.mount();
        copies.put(finding, visit.copy(live, mount.has("idmapped"), mount.has(OurMounts.MARK)));
      } catch (SystemCallException e) {
        outcomes.add(new Change(finding, Result.FAILED, "nothing live: " + e.getMessage()));
      }
    }
    visit.enter();
    long end = System.nanoTime() + TIME.toNanos();
    copies.forEach((finding, copy) -> outcomes.add(exchange(reach, finding, copy, end)));
  }

  private static Change exchange(Reach reach, Finding finding, int copy, long end) {
    MountVisit visit = reach.visit();
    try {
      if (System.nanoTime() > end) {
        return new Change(finding, Result.FAILED, LATE);
      }
      Held mount = reach.at(finding.mount());
      if (mount.id() != finding.mount().id()) {
        return new Change(finding, Result.GONE, OTHER);
      }
      try {
        visit.putBeneath(copy, mount);
      } catch (SystemCallException e) {
        if (e.errno() != Errno.EINVAL) {
          throw e;
        }
        visit.putOn(copy, mount);
        return new Change(
            finding,
            Result.STACKED,
            "it can't be put beneath, before Linux 6.5 or where the mount is locked");
      }
      visit.detach(mount);
      return new Change(finding, Result.DONE, "");
    } catch (SystemCallException e) {
      return changeBy(e, finding);
    }
  }

  private static void takeAway(MountNamespace namespace, Reach reach, List<Change> outcomes)
      throws SystemCallException {
    reach.visit().enter();
    long end = System.nanoTime() + TIME.toNanos();
    List<Finding> left = new ArrayList<>(namespace.findings());
    // Each round takes the uppermost of every stack.
    boolean more = true;
    while (more) {
      List<Change> round =
          left.stream()
              .map(finding -> takeAway(reach, finding, end))
              .flatMap(Optional::stream)
              .toList();
      outcomes.addAll(round);
      more = left.removeAll(round.stream().map(Change::finding).toList()) && !left.isEmpty();
    }
    outcomes.addAll(failed(left, Result.GONE, OTHER));
  }

  /** Empty: another one lies on it. */
  private static Optional<Change> takeAway(Reach reach, Finding finding, long end) {
    MountVisit visit = reach.visit();
    try {
      if (System.nanoTime() > end) {
        return Optional.of(new Change(finding, Result.FAILED, LATE));
      }
      Held mount = reach.at(finding.mount());
      if (mount.id() != finding.mount().id()) {
        return Optional.empty();
      }
      visit.detach(mount);
      if (finding.state() == State.SPARE) {
        visit.removeDirectories(reach.dev(), OurMounts.inDev(finding.point()));
      }
      return Optional.of(new Change(finding, Result.DONE, ""));
    } catch (SystemCallException e) {
      return Optional.of(changeBy(e, finding));
    }
  }
}
