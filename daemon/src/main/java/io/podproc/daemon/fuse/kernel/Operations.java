// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static io.podproc.daemon.fuse.kernel.FuseMessages.*;

import io.podproc.daemon.fuse.Attributes;
import io.podproc.daemon.fuse.Permission;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.vfs.OpenFile;
import io.podproc.daemon.vfs.OpenFiles;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.vfs.VirtualTree.Directory;
import io.podproc.daemon.vfs.VirtualTree.File;
import io.podproc.daemon.vfs.VirtualTree.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel asks for, one method an operation (include/uapi/linux/fuse.h). Used by any number
 * of threads.
 */
final class Operations {
  /** By how many digits a text may grow from one daemon to the next. */
  private static final int GROWTH = 8;

  private static final long SHARED_NANOS = Duration.ofSeconds(1).toNanos();

  private static final int DT_DIR = 4;
  private static final int DT_REG = 8;

  private final VirtualTree tree;
  private final Opener opener;
  private final Init init;
  private final OpenFiles openFiles = new OpenFiles();
  private final Attributes attributes = new Attributes();

  /**
   * Who opened a file last or asked for its size, and until when it is worth to see that each gets
   * a turn.
   */
  private volatile @Nullable Object lastReader;

  private volatile long sharedUntilNanos = System.nanoTime();

  Operations(VirtualTree tree, Opener opener, Init init) {
    this.tree = tree;
    this.opener = opener;
    this.init = init;
  }

  /** What a request comes to, beside a body: an errno, or no reply at all. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    private final int errno;

    Failure(int errno) {
      super(null, null, false, false);
      this.errno = errno;
    }

    int errno() {
      return errno;
    }
  }

  /** Whether more than one have asked of late. */
  boolean areShared() {
    return System.nanoTime() - sharedUntilNanos < 0;
  }

  /** Whose an open file is; empty where its handle is not known. */
  Optional<Object> reader(long handle) {
    return openFiles.get(handle).map(OpenFile::reader);
  }

  /** Puts the body of the reply. False: this request gets none. */
  boolean run(ByteBuffer request, ByteBuffer reply, IntSupplier backing)
      throws IOException, Failure {
    switch (request.getInt(IN_OPCODE)) {
      case INIT -> init.answer(request, reply);
      case LOOKUP -> lookup(request, reply);
      case GETATTR -> getattr(request, reply);
      case OPEN -> open(request, reply, backing.getAsInt());
      case READ -> read(request, reply);
      case RELEASE -> openFiles.remove(request.getLong(HANDLE));
      case OPENDIR -> {
        directory(request);
        putOpen(reply, 0, 0, MappingRefusal.NONE);
      }
      case READDIR -> readdir(request, reply, false);
      case READDIRPLUS -> readdir(request, reply, true);
      case STATFS -> statfs(reply);
      case ACCESS -> access(request);
      case RELEASEDIR, DESTROY -> {}
      case IOCTL -> throw new Failure(Errno.ENOTTY);
      // An interrupted request is answered as any other: none takes long.
      case FORGET, BATCH_FORGET, INTERRUPT -> {
        return false;
      }
      // FLUSH, POLL and the like: the kernel remembers that there is none, and does its own.
      default -> throw new Failure(Errno.ENOSYS);
    }
    return true;
  }

  private void lookup(ByteBuffer request, ByteBuffer reply) throws IOException, Failure {
    Directory directory = directory(request);
    int end = request.limit() - 1; // the name ends with a zero
    if (end <= IN_HEADER) {
      throw new Failure(Errno.EINVAL);
    }
    byte[] name = new byte[end - IN_HEADER];
    request.get(IN_HEADER, name);
    attributes.putEntry(
        reply,
        tree.child(directory, new String(name, StandardCharsets.ISO_8859_1))
            .orElseThrow(() -> new Failure(Errno.ENOENT)));
  }

  private void getattr(ByteBuffer request, ByteBuffer reply) throws Failure {
    Node node = node(request);
    long size = 0;
    if (node instanceof File file) {
      // Only lseek(2) from the end asks by a handle (fs/fuse/file.c:fuse_file_llseek), and goes by
      // the size that the kernel keeps for all. Files of procfs refuse that as well.
      if ((request.getInt(GETATTR_FLAGS) & GETATTR_FH) != 0) {
        throw new Failure(Errno.EINVAL);
      }
      Opener.Size told = opener.size(file, request.getInt(IN_TID));
      seen(told.reader());
      size = told.bytes();
    }
    attributes.putAttributes(reply, node, size);
  }

  private void access(ByteBuffer request) throws Failure {
    int mask = request.getInt(ACCESS_MASK);
    if (node(request) instanceof File file) {
      if ((mask & (Permission.MAY_WRITE | Permission.MAY_EXECUTE)) != 0) {
        throw new Failure(Errno.EACCES);
      }
      if ((mask & Permission.MAY_READ) != 0) {
        checkMayRead(file, request);
      }
    }
  }

  private static void checkMayRead(File file, ByteBuffer request) throws Failure {
    int uid = request.getInt(IN_UID);
    if (uid != NO_UID && !Permission.toRead(file, uid, request.getInt(IN_TID))) {
      throw new Failure(Errno.EACCES);
    }
  }

  private void open(ByteBuffer request, ByteBuffer reply, int backing) throws Failure {
    File node = file(request);
    checkMayRead(node, request);
    OpenFile file = opener.open(node, request.getInt(IN_TID));
    seen(file.reader());
    long handle = openFiles.add(file);
    // Each read is to be fresh, and a close that waited for an answer could not be killed.
    int flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH;
    putOpen(
        reply, handle, backing == MappingRefusal.NONE ? flags : flags | FOPEN_PASSTHROUGH, backing);
  }

  private void seen(Object reader) {
    Object last = lastReader;
    if (!reader.equals(last)) {
      lastReader = reader;
      sharedUntilNanos = System.nanoTime() + (last == null ? 0 : SHARED_NANOS);
    }
  }

  // struct fuse_open_out: fh, open_flags, backing_id
  private static void putOpen(ByteBuffer reply, long handle, int flags, int backing) {
    reply.putLong(handle).putInt(flags).putInt(backing);
  }

  private void read(ByteBuffer request, ByteBuffer reply) throws IOException, Failure {
    long offset = request.getLong(READ_OFFSET);
    long size = Integer.toUnsignedLong(request.getInt(READ_SIZE));
    // What is in the page cache, all callers would see. Linux from 6.5 on fills it for sendfile(2)
    // (fs/fuse/file.c:fuse_splice_read); told that it can't, programs read.
    boolean forCache = (request.getInt(READ_FLAGS) & READ_LOCKOWNER) == 0;
    if (offset < 0 || forCache) {
      throw new Failure(Errno.EINVAL);
    }
    OpenFile known = openFiles.get(request.getLong(HANDLE)).orElse(null);
    // A handle that is not known came from another daemon: its file is opened again, now.
    OpenFile file = known != null ? known : opener.open(file(request), request.getInt(IN_TID));
    byte[] text = file.snapshot(offset);
    // Who had read the other's text to its end asks once more, and ours may be some digits longer.
    boolean isOver = known == null && offset > 0 && text.length - offset <= GROWTH;
    if (offset < text.length && !isOver) {
      int room = (int) Math.min(size, reply.remaining());
      reply.put(text, (int) offset, Math.min(room, text.length - (int) offset));
    }
  }

  // struct fuse_dirent: ino, off, namelen, type, name, padded to 8 bytes. READDIRPLUS has a
  // struct fuse_entry_out before each; one that is all zeros means: look it up.
  private void readdir(ByteBuffer request, ByteBuffer reply, boolean plus)
      throws IOException, Failure {
    Directory directory = directory(request);
    long from = request.getLong(READ_OFFSET);
    long size = Integer.toUnsignedLong(request.getInt(READ_SIZE));
    int end = reply.position() + (int) Math.min(size, reply.remaining());
    List<String> names = directory.names();
    for (long i = Math.max(0, from); i < names.size() + 2L; i++) {
      String name = i == 0 ? "." : i == 1 ? ".." : names.get((int) i - 2);
      Node node = i < 2 ? directory : tree.child(directory, name).orElseThrow();
      byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
      int padding = -bytes.length & 7;
      if (reply.position() + (plus ? 128 : 0) + 24 + bytes.length + padding > end) {
        return;
      }
      if (plus) {
        zeros(reply, 128);
      }
      reply.putLong(node.inode()).putLong(i + 1).putInt(bytes.length);
      reply.putInt(node instanceof Directory ? DT_DIR : DT_REG);
      reply.put(bytes);
      zeros(reply, padding);
    }
  }

  // struct fuse_kstatfs: blocks, bfree, bavail, files, ffree, bsize, namelen, frsize, padding,
  // spare[6]
  private void statfs(ByteBuffer reply) {
    // No number of files either, as procfs: df -i would say that all are used.
    reply.putLong(0).putLong(0).putLong(0).putLong(0).putLong(0);
    reply.putInt(4096).putInt(255).putInt(4096);
    zeros(reply, 28);
  }

  static void zeros(ByteBuffer reply, int count) {
    for (int i = 0; i < count; i++) {
      reply.put((byte) 0);
    }
  }

  private Node node(ByteBuffer request) throws Failure {
    return tree.find(request.getLong(IN_NODE)).orElseThrow(() -> new Failure(Errno.ENOENT));
  }

  private Directory directory(ByteBuffer request) throws Failure {
    if (node(request) instanceof Directory directory) {
      return directory;
    }
    throw new Failure(Errno.ENOTDIR);
  }

  private File file(ByteBuffer request) throws Failure {
    if (node(request) instanceof File file) {
      return file;
    }
    throw new Failure(Errno.ENOENT);
  }
}
