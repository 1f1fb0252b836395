// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.KernelFile;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A directory above that of a container. All containers below have one object in common, and with
 * it what was read of limits within the last second.
 */
final class Ancestor implements Level {
  private static final long MAX_AGE_NANOS = Duration.ofSeconds(1).toNanos();

  private final Path path;
  private final @Nullable Ancestor parent;
  private final LongSupplier nanoTime;
  private final ConcurrentHashMap<String, Reading> limits = new ConcurrentHashMap<>();

  private record Reading(Optional<String> text, long takenNanos) {}

  /** Those of one hierarchy that have containers below. */
  static final class Known {
    private final Path root;
    private final LongSupplier nanoTime;
    private final ConcurrentHashMap<Path, WeakReference<Ancestor>> byPath =
        new ConcurrentHashMap<>();

    /**
     * @param root where the hierarchy is mounted; the root binds nobody, and is no ancestor
     * @param nanoTime a clock as {@link System#nanoTime()}
     */
    Known(Path root, LongSupplier nanoTime) {
      this.root = root;
      this.nanoTime = nanoTime;
    }

    /** The nearest ancestor of a directory; null below the root. */
    @Nullable Ancestor above(Path directory) {
      Path path = directory.getParent();
      if (path == null || path.equals(root) || !path.startsWith(root)) {
        return null;
      }
      WeakReference<Ancestor> reference = byPath.get(path);
      Ancestor ancestor = reference == null ? null : reference.get();
      if (ancestor == null) {
        byPath.values().removeIf(other -> other.get() == null);
        ancestor = new Ancestor(path, above(path), nanoTime);
        byPath.put(path, new WeakReference<>(ancestor));
      }
      return ancestor;
    }
  }

  private Ancestor(Path path, @Nullable Ancestor parent, LongSupplier nanoTime) {
    this.path = path;
    this.parent = parent;
    this.nanoTime = nanoTime;
  }

  @Nullable Ancestor parent() {
    return parent;
  }

  @Override
  public Optional<String> readIfPresent(String name) throws IOException {
    try (KernelFile file = KernelFile.inOnePiece(path, name)) {
      return file.readIfPresent();
    }
  }

  @Override
  public Optional<String> limit(String name) throws IOException {
    Reading known = limits.get(name);
    long now = nanoTime.getAsLong();
    if (known == null || now - known.takenNanos >= MAX_AGE_NANOS) {
      known = new Reading(readIfPresent(name), now);
      limits.put(name, known);
    }
    return known.text;
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
