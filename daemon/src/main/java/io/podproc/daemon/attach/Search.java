// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Finds podproc's mounts in all mount namespaces that have a process. It reads what the kernel says
 * of them and touches none: a dead one could hold it up.
 */
public final class Search {
  /** The first process of the node. */
  private static final int INIT = 1;

  /** Of containers that are left as they are, so many are named. */
  private static final int TOLD = 3;

  private final Processes processes;
  private final VirtualTree tree;
  private final String mountPoint;
  private final OurMounts ours;

  /**
   * @param mountPoint of which daemon's files it is about
   */
  public Search(Processes processes, VirtualTree tree, Path mountPoint) {
    this.processes = processes;
    this.tree = tree;
    this.ours = OurMounts.at(mountPoint);
    this.mountPoint = ours.source();
  }

  /**
   * What is seen in containers and a live file can take the place of.
   *
   * @param placeholders whether the host's own files count, too
   * @throws IOException nothing live is mounted, or processes can't be looked at
   */
  public List<MountNamespace> stale(boolean placeholders) throws IOException {
    if (live().isEmpty()) {
      throw new IOException("no podproc has its files mounted at " + mountPoint);
    }
    return search(finding ->
        !finding.covered()
            && switch (finding.state()) {
              case LIVE, SPARE -> false;
              case DEAD -> isServed(finding.file());
              case PLACEHOLDER -> placeholders;
            });
  }

  /**
   * Files of this mount point's daemons that are seen in containers, and the host's own can take
   * the place of.
   *
   * @throws IOException processes can't be looked at
   */
  public List<MountNamespace> seen() throws IOException {
    return search(
        finding -> finding.isOurs() && !finding.covered() && tree.find(finding.file()).isPresent());
  }

  /**
   * All mounts of this mount point's daemons, those that serve and those that are gone.
   *
   * @throws IOException processes can't be looked at
   */
  public List<MountNamespace> ours() throws IOException {
    return search(Finding::isOurs);
  }

  private Optional<String> live() throws IOException {
    return processes
        .ownMounts(mount -> mount.point().equals(mountPoint))
        .at(mountPoint)
        .filter(ours::isOurs)
        .map(Mount::device);
  }

  /**
   * Whether it is a file of procfs or sysfs, only to be read, over the very file that it is. That
   * changes nothing, so nobody but us has a reason to mount it.
   */
  private boolean isItself(Mount mount) {
    return (mount.type().equals("proc") || mount.type().equals("sysfs"))
        && mount.point().equals((mount.type().equals("proc") ? "/proc" : "/sys") + mount.root())
        && mount.has("ro")
        && tree.find(mount.point()).filter(VirtualTree.File.class::isInstance).isPresent();
  }

  /** A file or a directory of them, but not the whole tree: nothing of the host's is like that. */
  private boolean isServed(String path) {
    return !path.equals("/") && tree.find(path).isPresent();
  }

  /** Runtimes lay files of the container's own procfs over themselves, ours is the host's. */
  private static boolean isOfThatBelow(Mount mount, MountInfo mounts) {
    return mount.type().equals("proc")
        && mounts.mounts().stream()
            .anyMatch(
                below -> below.id() == mount.parent() && below.device().equals(mount.device()));
  }

  private List<MountNamespace> search(Predicate<Finding> wanted) throws IOException {
    Map<String, List<Integer>> pidsIn = new TreeMap<>();
    for (int pid : processes.all().stream().sorted().toList()) {
      namespace(pid)
          .ifPresent(name -> pidsIn.computeIfAbsent(name, n -> new ArrayList<>()).add(pid));
    }
    // Of the host's own namespace the host's files are no placeholders.
    Set<String> host = new HashSet<>(List.of(processes.ownMountNamespace()));
    namespace(INIT).ifPresent(host::add);
    String live = live().orElse("");
    List<MountNamespace> namespaces = new ArrayList<>();
    List<MountNamespace> tooLarge = new ArrayList<>();
    pidsIn.forEach((name, pids) ->
        look(name, pids, live, tooLarge)
            .map(namespace -> namespace.only(wanted))
            .map(namespace -> host.contains(name) ? namespace.only(Finding::isOurs) : namespace)
            .filter(namespace -> !namespace.findings().isEmpty())
            .ifPresent(namespaces::add));
    tell(tooLarge);
    return namespaces;
  }

  /** A container could hold up all others with mounts without end. */
  private static void tell(List<MountNamespace> tooLarge) {
    if (!tooLarge.isEmpty()) {
      Log.warn(
          "of %d mount namespaces with more than %d mounts each none is repaired or released: %s",
          tooLarge.size(),
          Repair.MOST_MOUNTS,
          tooLarge.stream().limit(TOLD).map(String::valueOf).collect(Collectors.joining(", ")));
    }
  }

  private Optional<String> namespace(int pid) {
    try {
      return Optional.of(processes.mountNamespace(pid));
    } catch (IOException e) {
      return Optional.empty(); // it ended, or may not be looked at
    }
  }

  /** Through the eyes of the first process that still lives; of the first to begin, mostly. */
  private Optional<MountNamespace> look(
      String namespace, List<Integer> pids, String live, List<MountNamespace> tooLarge) {
    for (int pid : pids) {
      try {
        Optional<MountInfo> mounts = processes.firstMounts(pid, Repair.MOST_MOUNTS, this::concerns);
        String cgroup = cgroup(pid);
        if (mounts.isEmpty()) {
          tooLarge.add(new MountNamespace(namespace, pid, cgroup, List.of()));
          return Optional.empty();
        }
        return Optional.of(
            new MountNamespace(namespace, pid, cgroup, findings(mounts.get(), live)));
      } catch (IOException e) {
        // It ended; the next.
      }
    }
    return Optional.empty();
  }

  private boolean concerns(Mount mount) {
    return ours.isOurs(mount)
        || isItself(mount)
        || ours.isUncovered(mount)
        || mount.point().equals("/proc");
  }

  private List<Finding> findings(MountInfo mounts, String live) {
    List<Finding> findings = new ArrayList<>();
    for (Mount mount : mounts.mounts()) {
      boolean covered = mounts.isCovered(mount);
      if (ours.isOurs(mount)) {
        State state = mount.device().equals(live) ? State.LIVE : State.DEAD;
        findings.add(new Finding(mount, mount.root(), state, covered));
      } else if (isItself(mount) && !isOfThatBelow(mount, mounts)) {
        findings.add(new Finding(mount, mount.point(), State.PLACEHOLDER, covered));
      } else if (ours.isUncovered(mount)) {
        findings.add(new Finding(mount, mount.point(), State.SPARE, covered));
      }
    }
    return findings;
  }

  private String cgroup(int pid) throws IOException {
    ProcCgroup cgroup = ProcCgroup.parse(processes.cgroup(pid));
    return cgroup
        .v2()
        .filter(path -> !path.equals("/") || cgroup.v1().isEmpty())
        .or(() -> Optional.ofNullable(cgroup.v1().get("memory")))
        .orElse("");
  }
}
