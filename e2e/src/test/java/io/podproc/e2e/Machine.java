// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the tests run. */
final class Machine {
  private static final Path CGROUP_ROOT = Path.of("/sys/fs/cgroup");

  private Machine() {}

  /** The checkout. */
  static Path checkout() {
    Path at = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    while (!Files.isDirectory(at.resolve(".mvn"))) {
      at =
          Optional.ofNullable(at.getParent())
              .orElseThrow(() -> new IllegalStateException("not started in a checkout of podproc"));
    }
    return at;
  }

  /** Whether all controllers are in cgroup v2's one hierarchy. */
  static boolean hasCgroup2() {
    return Files.exists(CGROUP_ROOT.resolve("cgroup.controllers"));
  }

  /** Whether the kernel is of that version or newer. */
  static boolean hasLinux(int major, int minor) {
    String[] version = read("/proc/sys/kernel/osrelease").split("[.-]", 3);
    return Integer.parseInt(version[0]) * 1000 + Integer.parseInt(version[1])
        >= major * 1000 + minor;
  }

  /** A cgroup's directory in the hierarchy that has a controller. */
  static Path cgroup(String path, String controller) {
    Path root = hasCgroup2() ? CGROUP_ROOT : CGROUP_ROOT.resolve(controller);
    return root.resolve("./" + path).normalize();
  }

  /** A cgroup's directories, one in each hierarchy. */
  static List<Path> cgroups(String path) {
    if (hasCgroup2()) {
      return List.of(cgroup(path, ""));
    }
    try (Stream<Path> roots = Files.list(CGROUP_ROOT)) {
      return roots
          .map(root -> root.resolve("./" + path).normalize())
          .filter(Files::isDirectory)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A deadline as it is on this machine: {@code E2E_PATIENCE} says how many times slower than usual
   * that may be. Nothing is to be asserted of such a time.
   */
  static Duration deadline(int seconds) {
    double factor = Double.parseDouble(System.getenv().getOrDefault("E2E_PATIENCE", "1"));
    return Duration.ofMillis((long) (seconds * 1000 * factor));
  }

  /** A file of the kernel's, as the process of the tests sees it. */
  static String read(String path) {
    return read(Path.of(path));
  }

  /** As {@link #read(String)}. */
  static String read(Path path) {
    try {
      return Files.readString(path, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
