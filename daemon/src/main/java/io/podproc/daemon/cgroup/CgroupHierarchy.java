// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The host's cgroups. The only place that asks which version they are of.
 *
 * <p>cgroup v1 can be dropped by deleting {@link CgroupV1} and the branch below.
 */
public final class CgroupHierarchy {
  private static final String V2_ROOT_FILE = "cgroup.controllers";

  private final Path root;
  private final boolean countHigh;
  private final boolean v2;

  /**
   * @param root where the host's cgroup file systems are seen, {@code /sys/fs/cgroup}
   * @param countHigh whether memory.high counts as a limit, too
   * @throws IOException there are no cgroups at {@code root}
   */
  public CgroupHierarchy(Path root, boolean countHigh) throws IOException {
    this.root = root;
    this.countHigh = countHigh;
    this.v2 = Files.exists(root.resolve(V2_ROOT_FILE));
    if (!v2 && !Files.isDirectory(root.resolve("memory"))) {
      throw new IOException(
          root + " holds neither cgroup v2 (cgroup.controllers) nor v1 (memory/)");
    }
  }

  /** The cgroup at the given paths, which need not exist. */
  public Cgroup at(ProcCgroup paths) {
    if (v2) {
      return new CgroupV2(root, paths.v2().orElse("/"), countHigh);
    }
    // Whatever v1 leaves to v2 is in the "unified" tree of a hybrid.
    return new CgroupV1(
        root, paths.v1(), new CgroupV2(root.resolve("unified"), paths.v2().orElse("/"), countHigh));
  }

  /** For the log: "v2" or "v1 or hybrid". */
  public String version() {
    return v2 ? "v2" : "v1 or hybrid";
  }
}
