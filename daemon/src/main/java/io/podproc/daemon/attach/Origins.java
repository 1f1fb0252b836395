// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.attach.Origins.Origin.Kind;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What containers see at the paths of podproc's files, and who brought it there: by what the kernel
 * says of their mounts. No path of a container is touched.
 */
public final class Origins {
  /** As those that {@link Guard} looks at. */
  private static final int MOST_MOUNTS = 4096;

  /** Of the folder that the kubelet makes for a container: a DNS label. */
  private static final Pattern NAME = Pattern.compile("containers/([a-z0-9][-a-z0-9]{0,62})/.*");

  private final Processes processes;
  private final Path procRoot;
  private final VirtualTree tree;
  private final OurMounts ours;

  /**
   * What a path shows.
   *
   * @param detail of another mount, what is mounted; else empty
   */
  public record Origin(Kind kind, String detail) {
    /** Whose it is. */
    public enum Kind {
      /** Podproc's: the node has brought it. */
      NODE,
      /** Podproc's: a volume of the pod, as the webhook adds it. */
      VOLUME,
      /** Podproc's, of a daemon that is gone. */
      DEAD,
      /** The node's: a volume of a pod that started while no daemon served. */
      PLACEHOLDER,
      /** Something else lies over it. */
      OTHER,
      /** The kernel's own: nothing lies over it. */
      KERNEL
    }

    /** Whether it is podproc's, and answers. */
    public boolean isServed() {
      return kind == Kind.NODE || kind == Kind.VOLUME;
    }
  }

  /**
   * A container's.
   *
   * @param files by their paths, in podproc's order; empty where it has more mounts than are looked
   *     at
   * @param name as its pod calls it; empty where no mount tells
   * @param isOfPod whether something of its pod is mounted in it: else it holds the pod's
   *     namespaces (pause), or is no pod's
   */
  public record Look(Map<String, Origin> files, Optional<String> name, boolean isOfPod) {}

  /**
   * @param mountPoint of which daemon's files it is about
   */
  public Origins(Processes processes, Path procRoot, VirtualTree tree, Path mountPoint) {
    this.processes = processes;
    this.procRoot = procRoot;
    this.tree = tree;
    this.ours = OurMounts.at(mountPoint);
  }

  /**
   * Looks at the mounts of a process.
   *
   * @param podUid of its pod; empty where it is of none
   * @throws IOException it has ended
   */
  public Look look(int pid, Optional<String> podUid) throws IOException {
    Optional<String> folder = podUid.map(uid -> "/pods/" + uid + "/");
    Optional<MountInfo> all =
        MountInfo.readAll(
            procRoot.resolve(pid + "/mountinfo"),
            MOST_MOUNTS,
            mount -> isInside(mount) || folder.filter(mount.root()::contains).isPresent());
    if (all.isEmpty()) {
      return new Look(Map.of(), Optional.empty(), true);
    }
    String live = live();
    Map<String, Origin> files = new LinkedHashMap<>();
    for (VirtualTree.File file : tree.files()) {
      files.put(file.path(), origin(all.get(), file.path(), live));
    }
    return new Look(
        files,
        folder.flatMap(prefix -> name(all.get(), prefix)),
        folder.filter(prefix -> has(all.get(), prefix)).isPresent());
  }

  /** The device of the mount that this daemon serves, or stands by at; empty: there is none. */
  public String live() throws IOException {
    return processes
        .ownMounts(mount -> mount.point().equals(ours.source()))
        .at(ours.source())
        .filter(ours::isOurs)
        .map(Mount::device)
        .orElse("");
  }

  private static boolean isInside(Mount mount) {
    return mount.point().startsWith("/proc") || mount.point().startsWith("/sys");
  }

  private static boolean has(MountInfo mounts, String folder) {
    return mounts.mounts().stream().anyMatch(mount -> mount.root().contains(folder));
  }

  /** The kubelet mounts a file of that folder, for the message that a container ends with. */
  private static Optional<String> name(MountInfo mounts, String folder) {
    return mounts.mounts().stream()
        .map(Mount::root)
        .filter(root -> root.contains(folder))
        .map(root -> NAME.matcher(root.substring(root.indexOf(folder) + folder.length())))
        .filter(Matcher::matches)
        .map(found -> found.group(1))
        .findFirst();
  }

  private Origin origin(MountInfo mounts, String path, String live) {
    return mounts.mounts().stream()
        .filter(mount -> isOver(mount.point(), path) && !mounts.isCovered(mount))
        .max(Comparator.comparingInt(mount -> mount.point().length()))
        .map(mount -> new Origin(kind(mounts, mount, live), detail(mount)))
        .orElseGet(() -> new Origin(Kind.KERNEL, ""));
  }

  /** At the path or at a directory on the way, but not a whole {@code /proc} or {@code /sys}. */
  private static boolean isOver(String point, String path) {
    return (path.equals(point) || path.startsWith(point + "/"))
        && !point.equals("/proc")
        && !point.equals("/sys")
        && !point.equals("/");
  }

  private Kind kind(MountInfo mounts, Mount mount, String live) {
    if (ours.isOurs(mount)) {
      if (!mount.device().equals(live)) {
        return Kind.DEAD;
      }
      return ours.isBrought(mount) ? Kind.NODE : Kind.VOLUME;
    }
    boolean isItself =
        (mount.type().equals("proc") && mount.point().equals("/proc" + mount.root()))
            || (mount.type().equals("sysfs") && mount.point().equals("/sys" + mount.root()));
    boolean isItsOwn =
        mounts.byId(mount.parent()).filter(on -> on.device().equals(mount.device())).isPresent();
    return !isItself ? Kind.OTHER : isItsOwn ? Kind.KERNEL : Kind.PLACEHOLDER;
  }

  private String detail(Mount mount) {
    return ours.isOurs(mount) ? "" : mount.type() + " at " + mount.point();
  }
}
