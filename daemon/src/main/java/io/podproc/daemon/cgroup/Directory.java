// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.kernel.Numbers;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/** The directory of a container in one hierarchy, with its files kept open. */
final class Directory implements Level, Closeable {
  private final Path path;

  /** This directory and its ancestors, from the inside out. */
  private final List<Level> lineage;

  private final ConcurrentHashMap<String, KernelFile> files = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * @param root where the hierarchy is mounted
   * @param path as in {@code /proc/[pid]/cgroup}
   * @param ancestors those that have been seen in this hierarchy
   */
  Directory(Path root, String path, Ancestor.Known ancestors) {
    this.path = root.resolve(Path.of("/").relativize(Path.of(path).normalize()));
    List<Level> levels = new ArrayList<>();
    levels.add(this);
    for (Ancestor at = ancestors.above(this.path); at != null; at = at.parent()) {
      levels.add(at);
    }
    this.lineage = List.copyOf(levels);
  }

  /** The text of a file that must be there. */
  String read(String name) throws IOException {
    return file(name).read();
  }

  /** What the parser makes of a file that must be there. */
  <T> T read(String name, KernelFile.Parser<T> parser) throws IOException {
    return file(name).read(parser);
  }

  @Override
  public Optional<String> readIfPresent(String name) throws IOException {
    Optional<String> text = file(name).readIfPresent();
    if (text.isEmpty() && !Files.isDirectory(path)) {
      throw new NoSuchFileException(path.toString());
    }
    return text;
  }

  @Override
  public Optional<String> limit(String name) throws IOException {
    return readIfPresent(name);
  }

  /** As {@link #readIfPresent}, of a file that the kernel may hand out piece by piece. */
  Optional<String> readPiecesIfPresent(String name) throws IOException {
    files.computeIfAbsent(name, n -> new KernelFile(path, n));
    return readIfPresent(name);
  }

  /**
   * The text of a file here or, where its controller is not on in this directory, in the nearest
   * ancestor that has it, as the kernel accounts to that one instead; empty where none has it.
   */
  Optional<String> findNearest(String name) throws IOException {
    for (Level at : lineage) {
      Optional<String> text = at.readIfPresent(name);
      if (text.isPresent()) {
        return text;
      }
    }
    return Optional.empty();
  }

  /** The least number that a file holds here or in an ancestor; empty where all say "max". */
  OptionalLong least(String name) throws IOException {
    OptionalLong least = OptionalLong.empty();
    for (Level at : lineage) {
      OptionalLong value = Numbers.parse(at.limit(name).orElse(""));
      if (value.isPresent() && value.getAsLong() < least.orElse(Long.MAX_VALUE)) {
        least = value;
      }
    }
    return least;
  }

  /** This directory and its ancestors, from the inside out. */
  List<Level> lineage() {
    return lineage;
  }

  /** The ids in a file of this directory and of all below it: see {@link TaskWalk#ids}. */
  Optional<int[]> collect(String name, BooleanSupplier isOver) throws IOException {
    return TaskWalk.ids(path, name, isOver);
  }

  private KernelFile file(String name) {
    KernelFile file = files.computeIfAbsent(name, n -> KernelFile.inOnePiece(path, n));
    if (closed) {
      file.close();
    }
    return file;
  }

  /** Later reads open the files again. */
  void reopen() {
    files.values().forEach(KernelFile::reopen);
  }

  /** Later reads fail. */
  @Override
  public void close() {
    closed = true;
    files.values().forEach(KernelFile::close);
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
