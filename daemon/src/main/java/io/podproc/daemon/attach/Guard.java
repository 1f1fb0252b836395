// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.Kind;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.MountVisit.Held;
import io.podproc.daemon.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says whether something may be attached to a container. The worst that an attach could do is to
 * cover the node's own /proc, as of a process that is in its new mount namespace but still on the
 * node's root: what follows is asked anew each time, and whatever can't be told is refused.
 */
final class Guard {
  /** More than a full node has, and so a container that has all of its mounts. */
  private static final int MOST_MOUNTS = 4096;

  /** CAP_SYS_ADMIN (linux/capability.h). */
  private static final int SYS_ADMIN = 21;

  private static final Pattern BOUNDING_SET =
      Pattern.compile("^CapBnd:\\s*([0-9a-f]{1,16})$", Pattern.MULTILINE);

  /** Directories that are always empty: what is mounted there covers nothing. */
  private static final Set<String> EMPTY =
      Set.of(
          "/proc/sys/fs/binfmt_misc",
          "/proc/fs/nfsd",
          "/sys/fs/bpf",
          "/sys/fs/cgroup",
          "/sys/fs/fuse/connections",
          "/sys/fs/pstore",
          "/sys/fs/selinux",
          "/sys/fs/smackfs",
          "/sys/firmware/efi/efivars",
          "/sys/kernel/config",
          "/sys/kernel/debug",
          "/sys/kernel/security",
          "/sys/kernel/tracing");

  private final Processes processes;
  private final OurMounts ours;
  private final NodesOwn node;
  private final String ownUsers;

  /**
   * @throws IOException the node can't be looked at
   */
  Guard(Processes processes, OurMounts ours) throws IOException {
    this.processes = processes;
    this.ours = ours;
    this.node = new NodesOwn(processes);
    this.ownUsers = processes.ownUserNamespace();
  }

  /**
   * What may be done to a container.
   *
   * @throws RefusedException nothing
   * @throws IOException it is gone
   */
  Target look(MountVisit visit, PodContainer container) throws RefusedException, IOException {
    checkIdentity(visit, container);
    MountInfo mounts =
        MountInfo.readAll(visit.file("mountinfo"), MOST_MOUNTS, mount -> concerns(mount, container))
            .orElseThrow(() -> RefusedException.forGood("it has more mounts than are looked at"));
    checkRoot(visit, mounts);
    if (mounts.mounts().stream().noneMatch(mount -> isOfPod(mount, container))) {
      throw RefusedException.sandbox();
    }
    Reach reach = new Reach(visit, mounts, processes);
    String network = namespace(visit, "net");
    List<Target.Tree> trees = new ArrayList<>();
    trees.add(tree(reach, network, "/proc", "proc"));
    String without = "";
    try {
      trees.add(tree(reach, network, "/sys", "sysfs"));
    } catch (RefusedException e) { // then it gets files of /proc alone
      without = "it gets no files of /sys: " + e.getMessage();
    }
    boolean mapped = !namespace(visit, "user").equals(ownUsers);
    return new Target(kind(visit, trees.getFirst().masked()), trees, without, reach, mapped);
  }

  private Kind kind(MountVisit visit, boolean masked) throws IOException {
    if (node.isPidNamespace(namespace(visit, "pid"))) {
      return Kind.HOST_PID;
    }
    return !masked || maySysAdmin(visit) ? Kind.PRIVILEGED : Kind.ORDINARY;
  }

  private static String namespace(MountVisit visit, String which) throws IOException {
    return Files.readSymbolicLink(visit.file("ns/" + which)).toString();
  }

  /** Looks at what is no container, and of which nothing may be made. */
  Target warmUp(MountVisit visit) throws RefusedException, IOException {
    PodContainer none = new PodContainer("", "", 0);
    MountInfo mounts =
        MountInfo.readAll(visit.file("mountinfo"), MOST_MOUNTS, mount -> concerns(mount, none))
            .orElseThrow(() -> RefusedException.forGood("it has more mounts than are looked at"));
    Reach reach = new Reach(visit, mounts, processes);
    List<Target.Tree> trees = List.of(new Target.Tree("/proc", held(reach, "/proc"), true));
    return new Target(
        maySysAdmin(visit) ? Kind.PRIVILEGED : Kind.ORDINARY, trees, "", reach, false);
  }

  private static boolean isOfPod(Mount mount, PodContainer container) {
    return mount.root().contains("/pods/" + container.podUid() + "/");
  }

  private static boolean concerns(Mount mount, PodContainer container) {
    String point = mount.point();
    return point.equals(OurMounts.DEV)
        || point.startsWith(OurMounts.DEV + "/" + OurMounts.UNCOVERED)
        || isIn("/proc", point)
        || isIn("/sys", point)
        || Reach.concerns(mount)
        || isOfPod(mount, container);
  }

  private static boolean isIn(String tree, String point) {
    return point.startsWith(tree)
        && (point.length() == tree.length() || point.charAt(tree.length()) == '/');
  }

  /** The pid may be another process's by now; one that begins is still in the node's namespace. */
  private void checkIdentity(MountVisit visit, PodContainer container)
      throws RefusedException, IOException {
    ProcCgroup cgroup = ProcCgroup.parse(Files.readString(visit.file("cgroup")));
    if (cgroup.paths().noneMatch(path -> path.contains(container.containerId()))) {
      throw RefusedException.forGood("its process is in another cgroup");
    }
    if (node.isMountNamespace(Files.readSymbolicLink(visit.namespace()).toString())) {
      throw RefusedException.onNode("it is in the node's mount namespace");
    }
  }

  private void checkRoot(MountVisit visit, MountInfo mounts) throws RefusedException {
    Mount root =
        mounts
            .byId(visit.root().id())
            .filter(mount -> mount.point().equals("/"))
            .orElseThrow(() -> RefusedException.nearlyMade("its root is no mount"));
    if (node.isRoot(root)) {
      throw RefusedException.onNode("its root is the node's");
    }
  }

  /** A procfs or sysfs that is the container's alone, by what the kernel says of its mount. */
  private Target.Tree tree(Reach reach, String network, String point, String type)
      throws RefusedException {
    Held held = held(reach, point);
    Mount mount =
        reach
            .mounts()
            .byId(held.id())
            .filter(found -> found.point().equals(point))
            .orElseThrow(() -> RefusedException.nearlyMade(point + " is no mount"));
    if (!mount.type().equals(type)) {
      throw RefusedException.forGood(point + " is no " + type);
    }
    if (!mount.root().equals("/")) {
      throw RefusedException.forGood(point + " is a part of a " + type);
    }
    if (mount.shared()) {
      throw RefusedException.forGood(point + " is shared with others");
    }
    if (node.isTree(mount, network)) {
      throw RefusedException.forGood(point + " is the node's");
    }
    return new Target.Tree(point, held, isMasked(mount, reach.mounts()));
  }

  private static Held held(Reach reach, String point) throws RefusedException {
    try {
      return reach.seen(point);
    } catch (SystemCallException e) {
      throw RefusedException.forGood(
          switch (e.errno()) {
            case Errno.ENOENT -> "it has no " + point;
            case Errno.EAGAIN, Errno.EINVAL, Errno.ENOSYS ->
                "what its " + point + " is can't be told without asking a file system of its own";
            default -> "its " + point + " can't be looked at: " + e.getMessage();
          });
    }
  }

  private boolean isMasked(Mount tree, MountInfo mounts) {
    return mounts.mounts().stream()
        .anyMatch(mount ->
            mount.parent() == tree.id()
                && mount.id() != tree.id()
                && !ours.isOurs(mount)
                && !EMPTY.contains(mount.point()));
  }

  private static boolean maySysAdmin(MountVisit visit) throws IOException {
    Matcher set = BOUNDING_SET.matcher(Files.readString(visit.file("status")));
    return !set.find() || ((Long.parseUnsignedLong(set.group(1), 16) >> SYS_ADMIN) & 1) == 1;
  }
}
