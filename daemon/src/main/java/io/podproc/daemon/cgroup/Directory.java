// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.kernel.Numbers;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** The directory of a container in one hierarchy, with its files kept open. */
final class Directory implements Level, Closeable {
  /** A pod has no more containers. */
  private static final int MOST_BESIDE = 64;

  private final Path path;

  /** This directory and its ancestors, from the inside out. */
  private final List<Level> lineage;

  private final ConcurrentHashMap<String, KernelFile> files = new ConcurrentHashMap<>();
  private final Optional<String> innerName;

  /** What the runtime made right below it, where there is such a one. */
  private volatile Optional<Directory> inner = Optional.empty();

  private volatile boolean closed;

  /**
   * @param root where the hierarchy is mounted
   * @param path as in {@code /proc/[pid]/cgroup}
   * @param ancestors those that have been seen in this hierarchy
   */
  Directory(Path root, String path, Ancestor.Known ancestors) {
    this(root, path, ancestors, Optional.empty());
  }

  private Directory(Path root, String path, Ancestor.Known ancestors, Optional<String> innerName) {
    this.path = root.resolve(Path.of("/").relativize(Path.of(path).normalize()));
    this.innerName = innerName;
    List<Level> levels = new ArrayList<>();
    levels.add(this);
    for (Ancestor at = ancestors.above(this.path); at != null; at = at.parent()) {
      levels.add(at);
    }
    this.lineage = List.copyOf(levels);
    lookInside();
  }

  private Directory(Path path) {
    this.path = path;
    this.innerName = Optional.empty();
    this.lineage = List.of(this);
  }

  /**
   * One whose limits may be in a directory right below it instead. All that is in it is one
   * container all the same: whoever makes such a directory can but narrow what it sees of itself.
   */
  static Directory withInner(Path root, String path, Ancestor.Known ancestors, String name) {
    return new Directory(root, path, ancestors, Optional.of(name));
  }

  private void lookInside() {
    Optional<Directory> found =
        innerName.map(path::resolve).filter(Files::isDirectory).map(Directory::new);
    inner.ifPresent(Directory::close);
    inner = found;
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

  /** Which file {@link #findNearest} reads; empty where there is none. */
  Optional<String> whereNearest(String name) throws IOException {
    for (Level at : lineage) {
      if (at.readIfPresent(name).isPresent()) {
        return Optional.of(at + "/" + name);
      }
    }
    return Optional.empty();
  }

  /** The least number that a file holds in those that bind; empty where all say "max". */
  OptionalLong least(String name) throws IOException {
    OptionalLong least = OptionalLong.empty();
    for (Level at : binding()) {
      OptionalLong value = Numbers.parse(at.limit(name).orElse(""));
      if (value.isPresent() && value.getAsLong() < least.orElse(Long.MAX_VALUE)) {
        least = value;
      }
    }
    return least;
  }

  /** What each of those that bind says in a file, by {@code value} of its text. */
  List<Limit> limits(Limit.Resource resource, String name, Function<String, OptionalDouble> value)
      throws IOException {
    List<Limit> limits = new ArrayList<>();
    for (Level at : binding()) {
      Optional<String> text = at.readIfPresent(name).map(String::strip);
      if (text.isPresent()) {
        limits.add(new Limit(resource, at.toString(), name, text.get(), value.apply(text.get())));
      }
    }
    return limits;
  }

  /** Those whose limits bind what is in it, from the inside out. */
  List<Level> binding() {
    Optional<Directory> innermost = inner;
    if (innermost.isEmpty()) {
      return lineage;
    }
    List<Level> levels = new ArrayList<>(lineage.size() + 1);
    levels.add(innermost.get());
    levels.addAll(lineage);
    return levels;
  }

  /** This directory, and before it the one right below it whose limits may be meant. */
  List<Level> own() {
    Optional<Directory> innermost = inner;
    return innermost.isEmpty() ? List.of(this) : List.of(innermost.get(), this);
  }

  /** The text of a file in the directory above, at most a second old. */
  Optional<String> above(String name) throws IOException {
    return lineage.size() > 1 ? lineage.get(1).limit(name) : Optional.empty();
  }

  /** The texts of a file in all directories of the one above, this one's among them. */
  List<String> beside(String name) throws IOException {
    List<String> texts = new ArrayList<>();
    try (DirectoryStream<Path> all =
        Files.newDirectoryStream(path.resolveSibling("."), Files::isDirectory)) {
      for (Path one : all) {
        try (KernelFile file = KernelFile.inOnePiece(one, name)) {
          file.readIfPresent().ifPresent(texts::add);
        }
        if (texts.size() >= MOST_BESIDE) {
          break;
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return texts;
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
    lookInside();
  }

  /** Later reads fail. */
  @Override
  public void close() {
    closed = true;
    files.values().forEach(KernelFile::close);
    inner.ifPresent(Directory::close);
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
