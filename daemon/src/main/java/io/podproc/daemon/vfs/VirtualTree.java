// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The table of what is served. The directories follow from the paths. Immutable. */
public final class VirtualTree {
  /** A file or directory of the tree. */
  public sealed interface Node {
    /** Stable: bind mounts in running pods hold on to it for as long as the pod lives. */
    long inode();

    /** Where the container sees it: {@code /proc/meminfo}. */
    String path();
  }

  /**
   * A row of the table.
   *
   * @param inode never reused or renumbered between releases
   * @param mode permission bits, those of the kernel's own file
   * @param file what is served
   * @param standIn what is served where the file can't be rendered; empty for the host's own text
   * @param isUsual whether containers get it whose pod names no files
   */
  public record File(
      long inode, int mode, VirtualFile file, Optional<String> standIn, boolean isUsual)
      implements Node {
    public static File of(long inode, VirtualFile file) {
      return new File(inode, 0444, file, Optional.empty(), true);
    }

    /** A file that only pods get that name it. */
    public static File onRequest(long inode, VirtualFile file) {
      return new File(inode, 0444, file, Optional.empty(), false);
    }

    /** A file that only root may read, whose host text no container may ever see. */
    public static File rootOnly(long inode, VirtualFile file, String standIn) {
      return new File(inode, 0400, file, Optional.of(standIn), true);
    }

    @Override
    public String path() {
      return file.path();
    }
  }

  /**
   * What the paths of files imply.
   *
   * @param inode follows from the path alone
   * @param path where the container sees it
   * @param names what it holds
   */
  public record Directory(long inode, String path, List<String> names) implements Node {}

  private static final long ROOT_INODE = 1; // FUSE_ROOT_ID

  /** Directories have numbers that no file has. */
  private static final long DIRECTORY_BIT = 1L << 32;

  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<Long, Node> byInode = new HashMap<>();
  private final List<File> files;

  /**
   * A tree of these files.
   *
   * @throws IllegalArgumentException two rows share a path or an inode
   */
  public VirtualTree(List<File> files) {
    this.files = List.copyOf(files);
    Set<Long> inodes = new HashSet<>();
    Map<String, List<String>> children = new TreeMap<>();
    for (File file : files) {
      if (!inodes.add(file.inode()) || nodes.put(file.path(), file) != null) {
        throw new IllegalArgumentException("twice in the table: " + file.path());
      }
      String path = file.path();
      while (!path.equals("/")) {
        int slash = path.lastIndexOf('/');
        String parent = slash == 0 ? "/" : path.substring(0, slash);
        List<String> names = children.computeIfAbsent(parent, p -> new ArrayList<>());
        if (!names.contains(path.substring(slash + 1))) {
          names.add(path.substring(slash + 1));
        }
        path = parent;
      }
    }
    children.forEach((path, names) ->
        nodes.put(path, new Directory(directoryInode(path), path, List.copyOf(names))));
    for (Node node : nodes.values()) {
      if (byInode.put(node.inode(), node) != null) {
        throw new IllegalArgumentException("an inode twice in the table: " + node.path());
      }
    }
  }

  private static long directoryInode(String path) {
    return path.equals("/") ? ROOT_INODE : DIRECTORY_BIT | Integer.toUnsignedLong(path.hashCode());
  }

  /** The node at a path; empty where there is none. */
  public Optional<Node> find(String path) {
    return Optional.ofNullable(nodes.get(path));
  }

  /** The node with an inode; empty where there is none. */
  public Optional<Node> find(long inode) {
    return Optional.ofNullable(byInode.get(inode));
  }

  /** What a directory holds by a name; empty where there is nothing. */
  public Optional<Node> child(Directory directory, String name) {
    String parent = directory.path().equals("/") ? "" : directory.path();
    return find(parent + "/" + name);
  }

  public List<File> files() {
    return files;
  }
}
