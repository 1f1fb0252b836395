// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.VirtualTree.Directory;
import io.podproc.daemon.vfs.VirtualTree.File;
import io.podproc.daemon.vfs.VirtualTree.Node;
import java.nio.ByteBuffer;

/** What stat(2) says of the tree. */
public final class Attributes {
  /** Directories never change, nor does what names stand for; seconds. */
  public static final long CACHED = 3600;

  /** A file's size is each caller's own: the kernel is to ask anew each time. */
  private static final long UNCACHED = 0;

  /**
   * What is told where there is no text. With 0 the kernel would let sendfile(2) find the end
   * before the first byte in all containers, as it keeps one size for all
   * (mm/filemap.c:filemap_splice_read since Linux 6.5), and {@code cat} of busybox would print
   * nothing.
   */
  public static final long LEAST_SIZE = 1;

  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;
  private static final int BLOCK = 512;

  private final long beginSeconds = System.currentTimeMillis() / 1000;

  /** st_blocks, without which a file is taken for one with holes. */
  public static long blocks(long size) {
    return Math.ceilDiv(size, BLOCK);
  }

  /**
   * struct fuse_entry_out: nodeid, generation, entry_valid, attr_valid, their nanoseconds, attr.
   * Nobody is told a size by it, as it holds for no time.
   */
  public void putEntry(ByteBuffer reply, Node node) {
    reply.putLong(node.inode()).putLong(0);
    reply.putLong(CACHED).putLong(cached(node)).putInt(0).putInt(0);
    put(reply, node, LEAST_SIZE);
  }

  /**
   * struct fuse_attr_out: attr_valid, its nanoseconds, dummy, attr.
   *
   * @param size of a file; a directory has none
   */
  public void putAttributes(ByteBuffer reply, Node node, long size) {
    reply.putLong(cached(node)).putInt(0).putInt(0);
    put(reply, node, Math.max(LEAST_SIZE, size));
  }

  private static long cached(Node node) {
    return node instanceof File ? UNCACHED : CACHED;
  }

  // struct fuse_attr: ino, size, blocks, atime, mtime, ctime, their nanoseconds, mode, nlink, uid,
  // gid, rdev, blksize, flags
  private void put(ByteBuffer reply, Node node, long size) {
    reply.putLong(node.inode());
    switch (node) {
      case Directory _ -> reply.putLong(0).putLong(0);
      case File _ -> reply.putLong(size).putLong(blocks(size));
    }
    reply.putLong(beginSeconds).putLong(beginSeconds).putLong(beginSeconds);
    reply.putInt(0).putInt(0).putInt(0);
    switch (node) {
      case Directory _ -> reply.putInt(S_IFDIR | 0555).putInt(2);
      case File file -> reply.putInt(S_IFREG | file.mode()).putInt(1);
    }
    reply.putInt(0).putInt(0).putInt(0).putInt(4096).putInt(0);
  }
}
