// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code /proc/[pid]/cgroup}: where a process is in each hierarchy
 * (kernel/cgroup/cgroup.c:proc_cgroup_show).
 *
 * @param v1 paths by controller, of the hierarchies of version 1
 * @param v2 the path in the hierarchy of version 2
 */
public record ProcCgroup(Map<String, String> v1, Optional<String> v2) {
  /** Lines are {@code ID:CONTROLLERS:PATH}, and only the path may hold a colon. */
  public static ProcCgroup parse(String text) {
    Map<String, String> v1 = new HashMap<>();
    Optional<String> v2 = Optional.empty();
    for (String line : text.split("\n", -1)) {
      String[] fields = line.split(":", 3);
      if (fields.length < 3 || !fields[2].startsWith("/")) {
        continue;
      }
      if (fields[1].isEmpty()) {
        v2 = Optional.of(fields[2]);
      } else {
        for (String controller : fields[1].split(",", -1)) {
          v1.put(controller, fields[2]);
        }
      }
    }
    return new ProcCgroup(Map.copyOf(v1), v2);
  }

  /** The same with each path changed. */
  public ProcCgroup map(UnaryOperator<String> change) {
    Map<String, String> changed = new HashMap<>(v1);
    changed.replaceAll((controller, path) -> change.apply(path));
    return new ProcCgroup(Map.copyOf(changed), v2.map(change));
  }

  // What a record would have of itself is made when it is first asked for, in 10 ms each.

  @Override
  public int hashCode() {
    return v1.hashCode() + 31 * v2.hashCode();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ProcCgroup that && v1.equals(that.v1) && v2.equals(that.v2);
  }

  /** Whether the process is in the root of every hierarchy. */
  public boolean isRoot() {
    return v2.orElse("/").equals("/") && v1.values().stream().allMatch("/"::equals);
  }

  /** Whether it is another one or below it, in each hierarchy that the other is in. */
  public boolean isWithin(ProcCgroup other) {
    return other.v2.map(path -> isWithin(v2.orElse(""), path)).orElse(true)
        && other.v1.entrySet().stream()
            .allMatch(entry -> isWithin(v1.getOrDefault(entry.getKey(), ""), entry.getValue()));
  }

  private static boolean isWithin(String path, String other) {
    return other.equals("/") || path.equals(other) || path.startsWith(other + "/");
  }

  /** Whether both are below the same cgroup of a hierarchy's root, in any of the hierarchies. */
  public boolean isBeside(ProcCgroup other) {
    return isBeside(v2.orElse("/"), other.v2.orElse("/"))
        || v1.entrySet().stream()
            .anyMatch(
                entry -> isBeside(entry.getValue(), other.v1.getOrDefault(entry.getKey(), "/")));
  }

  /**
   * In each hierarchy where this {@linkplain #isBeside is beside} another one, the lowest cgroup
   * that both are in, and else this.
   */
  public ProcCgroup joinedWith(ProcCgroup other) {
    Map<String, String> joined = new HashMap<>(v1);
    joined.replaceAll((controller, path) -> join(path, other.v1.getOrDefault(controller, "/")));
    return new ProcCgroup(Map.copyOf(joined), v2.map(path -> join(path, other.v2.orElse("/"))));
  }

  private static String join(String path, String other) {
    if (!isBeside(path, other)) {
      return path;
    }
    String both = path;
    while (!isWithin(other, both)) {
      both = both.substring(0, both.lastIndexOf('/'));
    }
    return both;
  }

  private static boolean isBeside(String path, String other) {
    return !path.equals("/") && top(path).equals(top(other));
  }

  private static String top(String path) {
    int end = path.indexOf('/', 1);
    return end < 0 ? path : path.substring(0, end);
  }

  /** All paths, in no order. */
  public Stream<String> paths() {
    return Stream.concat(v1.values().stream(), v2.stream());
  }

  /** Whether a path lies outside of the cgroup namespace of the daemon, and so can't be found. */
  public boolean isOutside() {
    return v2.orElse("/").startsWith("/..")
        || v1.values().stream().anyMatch(path -> path.startsWith("/.."));
  }
}
