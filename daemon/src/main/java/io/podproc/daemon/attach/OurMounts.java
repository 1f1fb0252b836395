// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.fuse.MountPoint;
import io.podproc.daemon.kernel.MountInfo.Mount;
import java.nio.file.Path;

/**
 * Which mounts are ours, by what the kernel says of them.
 *
 * @param source what they say that they are made of: the mount point. So those of other podprocs
 *     are told apart
 */
record OurMounts(String source) {
  /**
   * What tells files that the node has brought from those of a volume: it lasts as long as the
   * mount does, whatever becomes of the daemon.
   */
  static final String MARK = "noatime";

  /**
   * Where, in a container whose /proc nothing covers, a procfs and a sysfs are kept that nothing
   * covers: with our files over the only ones that it has, the kernel would let no user namespace
   * inside mount its own (fs/namespace.c:mount_too_revealing).
   */
  static final String UNCOVERED = ".podproc/";

  static final String DEV = "/dev";

  static OurMounts at(Path mountPoint) {
    return new OurMounts(mountPoint.toAbsolutePath().normalize().toString());
  }

  boolean isOurs(Mount mount) {
    return mount.type().equals(MountPoint.TYPE) && mount.source().equals(source);
  }

  boolean isBrought(Mount mount) {
    return isOurs(mount) && mount.has(MARK);
  }

  /** Whether it is a procfs or sysfs that is kept uncovered. */
  boolean isUncovered(Mount mount) {
    return (mount.type().equals("proc") && mount.point().equals(uncovered("/proc")))
        || (mount.type().equals("sysfs") && mount.point().equals(uncovered("/sys")));
  }

  /** Where that of {@code /proc} or {@code /sys} is kept. */
  static String uncovered(String tree) {
    return DEV + "/" + UNCOVERED + tree.substring(1);
  }

  /** The part of such a path that is below {@link #DEV}. */
  static String inDev(String point) {
    return point.substring(DEV.length() + 1);
  }
}
