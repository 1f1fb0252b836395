// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * What a test needs of the machine. Where that is missing the test is skipped and says so; where
 * {@code CI=true} nothing may be missing, and it fails.
 */
final class Requirements {
  private static final List<Path> LIBRARIES =
      List.of(Path.of("/lib"), Path.of("/usr/lib"), Path.of("/usr/local/lib"));

  private Requirements() {}

  /** Everything that a mount and a container take. */
  static void mount() {
    need(
        "root".equals(System.getProperty("user.name"))
            && Machine.read("/proc/self/status").contains("\nUid:\t0\t0\t"),
        "root");
    need(Files.exists(Path.of("/dev/fuse")), "/dev/fuse");
    need(hasLibrary("libfuse.so.2"), "libfuse.so.2 (Debian: libfuse2)");
    tool("nsenter");
    tool("unshare");
  }

  static void tool(String name) {
    need(
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, name))),
        name + " on the PATH");
  }

  static void cgroup2() {
    need(Machine.hasCgroup2(), "cgroup v2 (e2e/bin/cgroup2-vm has it)");
  }

  static void cgroup1() {
    need(!Machine.hasCgroup2(), "cgroup v1");
  }

  /** Pressure stall information, which a kernel may have and not count. */
  static void pressure() {
    boolean works;
    try {
      works = Files.readString(Path.of("/proc/pressure/cpu")).startsWith("some ");
    } catch (IOException e) {
      works = false;
    }
    need(works, "/proc/pressure (the kernel's psi=1)");
  }

  static void swap() {
    need(Machine.read("/proc/swaps").lines().count() > 1, "swap space");
  }

  static void need(boolean there, String what) {
    if (there) {
      return;
    }
    String message = "this test needs " + what;
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail(message);
    }
    Assumptions.abort(message);
  }

  private static boolean hasLibrary(String name) {
    return LIBRARIES.stream()
        .filter(Files::isDirectory)
        .anyMatch(folder -> {
          try (Stream<Path> found =
              Files.find(folder, 2, (path, attributes) -> path.endsWith(name))) {
            return found.findAny().isPresent();
          } catch (IOException e) {
            return false;
          }
        });
  }
}
