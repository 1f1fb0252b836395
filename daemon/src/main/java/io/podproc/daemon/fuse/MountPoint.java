// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.linux.MountCalls;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** The directory where the tree is mounted. */
public record MountPoint(Path path) {
  /** The file system type. What is mounted there names its mount point as its source. */
  public static final String TYPE = "fuse.podproc";

  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(5);

  /**
   * Detaches what a daemon left behind when it was killed, and makes the directory.
   *
   * @throws MountException something that serves is mounted there, or nothing can be
   */
  public void clear(VirtualTree tree) throws MountException, InterruptedException {
    // One probe for all rounds would wait for an answer of the mount before.
    for (Optional<MountInfo.Mount> mount = mounted();
        mount.isPresent() && mount.get().type().startsWith("fuse");
        mount = mounted()) {
      if (!mount.get().type().equals(TYPE)) {
        throw new MountException(
            "the mount point " + path + " is taken by a mount of type " + mount.get().type());
      }
      Path file = path.resolve("./" + tree.files().getFirst().path());
      switch (new MountProbe(file, ANSWER_DEADLINE).probe()) {
        case ANSWERS ->
            throw new MountException(
                "the mount point " + path + " is served by another podproc that is alive");
        case LATE, HANGS ->
            throw new MountException(
                "the mount point "
                    + path
                    + " is held by another podproc that does not answer: stop it first");
        case DEAD -> detach();
      }
    }
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new MountException("the mount point " + path + " can't be made: " + e);
    }
  }

  /** Takes the uppermost mount away. Who has files of it is served on. */
  public void detach() throws MountException {
    try (Arena arena = Arena.ofConfined()) {
      if (new SystemCalls(arena).mounts().umount2(path.toString(), MountCalls.MNT_DETACH) != 0) {
        throw new MountException(
            "the mount at " + path + " can't be unmounted: umount -l it by hand");
      }
    }
  }

  /**
   * Has something done in the directory that is covered by what is mounted there: through a copy of
   * the mount that the directory is of, on which nothing is mounted.
   *
   * @param work is given a path that is good until it returns
   * @throws MountException there is no such copy: Linux 5.2 brought it
   */
  public void underneath(Consumer<Path> work) throws MountException {
    try (Arena arena = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(arena);
      int parent =
          calls
              .mounts()
              .openTree(
                  path.resolveSibling(".").toString(),
                  MountCalls.OPEN_TREE_CLONE | SystemCalls.O_CLOEXEC);
      if (parent < 0) {
        throw new MountException(
            "what lies beneath the mount at " + path + " can't be reached: error " + -parent);
      }
      try {
        work.accept(Path.of("/proc/self/fd", Integer.toString(parent)).resolve(path.getFileName()));
      } finally {
        int _ = calls.close(parent);
      }
    }
  }

  /** What is mounted there, uppermost. */
  public Optional<MountInfo.Mount> mounted() throws MountException {
    try {
      return MountInfo.ownAt(path);
    } catch (IOException e) {
      throw new MountException("/proc/self/mountinfo can't be read: " + e.getMessage());
    }
  }
}
