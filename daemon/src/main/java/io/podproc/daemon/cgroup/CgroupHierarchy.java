// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The host's cgroups. The only place that asks which version they are of.
 *
 * <p>cgroup v1 can be dropped by deleting {@link CgroupV1} and the branch below.
 */
public final class CgroupHierarchy {
  private static final String V2_ROOT_FILE = "cgroup.controllers";

  /** What systemd calls a container's cgroup. */
  private static final String SCOPE = ".scope";

  /**
   * What crun makes in it with cgroup v2 ({@code run.oci.systemd.subgroup}): before its version
   * 1.11 the limits are there alone, and before 1.18 that of swap.
   */
  private static final String CRUN = "container";

  private final Path root;
  private final boolean countHigh;
  private final boolean v2;
  private final LongSupplier nanoTime;
  private final ConcurrentHashMap<Path, Ancestor.Known> ancestors = new ConcurrentHashMap<>();

  /**
   * @param root where the host's cgroup file systems are seen, {@code /sys/fs/cgroup}
   * @param countHigh whether memory.high counts as a limit, too
   * @param nanoTime a clock as {@link System#nanoTime()}
   * @throws IOException there are no cgroups at {@code root}
   */
  public CgroupHierarchy(Path root, boolean countHigh, LongSupplier nanoTime) throws IOException {
    this.root = root;
    this.countHigh = countHigh;
    this.nanoTime = nanoTime;
    this.v2 = Files.exists(root.resolve(V2_ROOT_FILE));
    if (!v2 && !Files.isDirectory(root.resolve("memory"))) {
      throw new IOException(
          root + " holds neither cgroup v2 (cgroup.controllers) nor v1 (memory/)");
    }
  }

  /** The cgroup at the given paths, which need not exist. */
  public Cgroup at(ProcCgroup paths) {
    if (v2) {
      return unified(root, paths);
    }
    // Whatever v1 leaves to v2 is in the "unified" tree of a hybrid.
    return new CgroupV1(
        paths.v1(),
        controller -> directory(root.resolve(controller), paths.v1().get(controller)),
        unified(root.resolve("unified"), paths));
  }

  private CgroupV2 unified(Path at, ProcCgroup paths) {
    String path = paths.v2().orElse("/");
    return new CgroupV2(
        path.endsWith(SCOPE)
            ? Directory.withInner(at, path, ancestors(at), CRUN)
            : new Directory(at, path, ancestors(at)),
        countHigh,
        nanoTime);
  }

  private Directory directory(Path at, @Nullable String path) {
    return new Directory(at, path == null ? "/" : path, ancestors(at));
  }

  private Ancestor.Known ancestors(Path at) {
    return ancestors.computeIfAbsent(at, mount -> new Ancestor.Known(mount, nanoTime));
  }

  /** For the log: "v2" or "v1 or hybrid". */
  public String version() {
    return v2 ? "v2" : "v1 or hybrid";
  }
}
