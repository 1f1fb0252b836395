// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.linux.OpenDirectory;
import io.podproc.daemon.linux.ReadableFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A walk through a cgroup and all below it, for the ids in a file of each. A container may make
 * cgroups of its own, as many and as deep as it likes: so the walk holds a descriptor for each
 * level, never a path, and goes so far and no further.
 */
final class TaskWalk implements Closeable {
  /** Of a node that is itself a container, with some hundred containers in it. */
  static final int MAX_DIRECTORIES = 4096;

  /** Systemd in a container of Kubernetes in a container is a dozen levels deep. */
  static final int MAX_DEPTH = 32;

  /** Larger than the default of pids.max on any node (PID_MAX_DEFAULT). */
  static final int MAX_TASKS = 65_536;

  private static final int CHUNK = 8192;

  private final String name;
  private final BooleanSupplier isOver;
  private final ArrayDeque<Step> steps = new ArrayDeque<>();
  private final byte[] chunk = new byte[CHUNK];
  private int directories;
  private int[] ids = new int[64];
  private int count;

  /** A directory, and those in it that were not entered yet. */
  private static final class Step {
    final OpenDirectory directory;
    Iterator<String> below = Collections.emptyIterator();

    Step(OpenDirectory directory) {
      this.directory = directory;
    }
  }

  private TaskWalk(String name, BooleanSupplier isOver) {
    this.name = name;
    this.isOver = isOver;
  }

  /**
   * The numbers, one a line, in a file of a directory and of all below it. What vanishes meanwhile
   * holds nothing.
   *
   * @param isOver asked before each directory: whether there is no more time
   * @return empty where they are more, or further down, than the walk goes
   * @throws ExhaustedException podproc has no descriptors left
   * @throws IOException the directory itself is gone
   */
  static Optional<int[]> ids(Path top, String name, BooleanSupplier isOver) throws IOException {
    try (TaskWalk walk = new TaskWalk(name, isOver)) {
      walk.visit(OpenDirectory.open(top.toString()));
      return walk.goThrough() ? Optional.of(Arrays.copyOf(walk.ids, walk.count)) : Optional.empty();
    }
  }

  private boolean goThrough() throws IOException {
    while (!steps.isEmpty()) {
      if (directories > MAX_DIRECTORIES || count > MAX_TASKS || isOver.getAsBoolean()) {
        return false;
      }
      Step at = steps.element();
      if (!at.below.hasNext()) {
        steps.pop().directory.close();
      } else if (steps.size() > MAX_DEPTH) {
        return false;
      } else {
        enter(at.directory, at.below.next());
      }
    }
    return true;
  }

  private void enter(OpenDirectory parent, String child) throws IOException {
    try {
      visit(parent.directory(child));
    } catch (ExhaustedException e) {
      throw e;
    } catch (IOException e) {
      // Removed meanwhile, or of a type that has no such file; those below may have it.
    }
  }

  private void visit(OpenDirectory directory) throws IOException {
    Step step = new Step(directory);
    steps.push(step);
    directories++;
    int most = MAX_DIRECTORIES + 1 - directories;
    // Each directory below adds a link: no need to look at all the files.
    if (directory.links() != 2 && most > 0) {
      step.below = directory.directories(most).iterator();
    }
    collect(directory);
  }

  private void collect(OpenDirectory directory) throws IOException {
    try (ReadableFile file = directory.file(name)) {
      int number = -1;
      long offset = 0;
      while (count <= MAX_TASKS) {
        int length = file.read(chunk, 0, offset, name);
        if (length == 0) {
          break;
        }
        offset += length;
        for (int i = 0; i < length; i++) {
          number = next(number, chunk[i]);
        }
      }
      int _ = next(number, (byte) '\n');
    }
  }

  /** The number so far with one more character; -1 between two numbers. */
  private int next(int number, byte character) {
    if (character >= '0' && character <= '9') {
      return Math.max(0, number) * 10 + character - '0'; // pids are less than 2^22
    }
    if (number > 0) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, count * 2);
      }
      ids[count++] = number;
    }
    return -1;
  }

  @Override
  public void close() {
    steps.forEach(step -> step.directory.close());
  }
}
