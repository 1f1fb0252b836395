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
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A directory of one hierarchy, with its files kept open, and its ancestors below the root. */
final class Directory implements Closeable {
  private final Path path;
  private final @Nullable Directory parent;
  private final ConcurrentHashMap<String, KernelFile> files = new ConcurrentHashMap<>();

  private Directory(Path path, @Nullable Directory parent) {
    this.path = path;
    this.parent = parent;
  }

  /**
   * @param root where the hierarchy is mounted
   * @param path as in {@code /proc/[pid]/cgroup}
   */
  static Directory at(Path root, String path) {
    Path below = Path.of("/").relativize(Path.of(path).normalize());
    Directory directory = new Directory(root, null);
    if (!below.toString().isEmpty()) {
      Directory ancestor = null;
      for (int depth = 1; depth <= below.getNameCount(); depth++) {
        ancestor = new Directory(root.resolve(below.subpath(0, depth)), ancestor);
        directory = ancestor;
      }
    }
    return directory;
  }

  /** The text of a file that must be there. */
  String read(String name) throws IOException {
    return file(name).read();
  }

  /** The text of a file; empty where the kernel has no such file in this directory. */
  Optional<String> readIfPresent(String name) throws IOException {
    Optional<String> text = file(name).readIfPresent();
    if (text.isEmpty() && !Files.isDirectory(path)) {
      throw new NoSuchFileException(path.toString());
    }
    return text;
  }

  /** As {@link #readIfPresent}, of a file that the kernel may hand out piece by piece. */
  Optional<String> readPiecesIfPresent(String name) throws IOException {
    files.computeIfAbsent(name, n -> new KernelFile(path.resolve(n)));
    return readIfPresent(name);
  }

  /**
   * The text of a file here or, where its controller is not on in this directory, in the nearest
   * ancestor that has it: the kernel accounts to that one instead.
   */
  String readNearest(String name) throws IOException {
    return findNearest(name)
        .orElseThrow(() -> new NoSuchFileException(path.resolve(name).toString()));
  }

  /** As {@link #readNearest}, but empty where neither this directory nor an ancestor has it. */
  Optional<String> findNearest(String name) throws IOException {
    for (Directory at = this; at != null; at = at.parent) {
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
    for (Directory at = this; at != null; at = at.parent) {
      OptionalLong value = Numbers.parse(at.readIfPresent(name).orElse(""));
      if (value.isPresent() && value.getAsLong() < least.orElse(Long.MAX_VALUE)) {
        least = value;
      }
    }
    return least;
  }

  /** This directory and its ancestors, from the inside out. */
  List<Directory> lineage() {
    List<Directory> lineage = new ArrayList<>();
    for (Directory at = this; at != null; at = at.parent) {
      lineage.add(at);
    }
    return lineage;
  }

  /**
   * The numbers, one a line, in a file of this directory and of all below it. What vanishes
   * meanwhile holds nothing.
   *
   * @throws IOException this directory itself is gone
   */
  List<Integer> collect(String name) throws IOException {
    List<Integer> numbers = new ArrayList<>();
    addNumbers(path.resolve(name), numbers);
    collectBelow(path, name, numbers);
    return numbers;
  }

  private static void collectFrom(Path directory, String name, List<Integer> numbers) {
    try {
      addNumbers(directory.resolve(name), numbers);
    } catch (IOException e) {
      // Removed, or of a type that has no such file; those below may have it.
    }
    collectBelow(directory, name, numbers);
  }

  private static void collectBelow(Path directory, String name, List<Integer> numbers) {
    try (DirectoryStream<Path> below = Files.newDirectoryStream(directory, Files::isDirectory)) {
      for (Path child : below) {
        collectFrom(child, name, numbers);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Removed between the listing and the look.
    }
  }

  private static void addNumbers(Path list, List<Integer> numbers) throws IOException {
    try (KernelFile file = new KernelFile(list)) {
      file.read()
          .lines()
          .map(Numbers::parse)
          .forEach(number -> number.ifPresent(n -> numbers.add((int) n)));
    }
  }

  private KernelFile file(String name) {
    return files.computeIfAbsent(name, n -> KernelFile.inOnePiece(path.resolve(n)));
  }

  @Override
  public void close() {
    files.values().forEach(KernelFile::close);
    if (parent != null) {
      parent.close();
    }
  }
}
