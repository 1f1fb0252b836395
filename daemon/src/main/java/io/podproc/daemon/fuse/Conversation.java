// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static io.podproc.daemon.fuse.FuseMessages.*;

import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
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
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Answers the kernel's requests: one message in, at most one out. It keeps no state that a
 * successor would miss: nodes are known by their inodes, and a handle that is not known is opened
 * again. Used by any number of threads, each with buffers of its own.
 */
final class Conversation {
  /** A request is at most this long; the kernel insists on 8 KiB. */
  static final int REQUEST_SIZE = 16 * 1024;

  /** What is read at once at most: 32 pages, the kernel's own limit, and a header. */
  static final int REPLY_SIZE = 128 * 1024 + 4096;

  /** By how many digits a text may grow from one daemon to the next. */
  private static final int GROWTH = 8;

  /** The tree never changes, so neither do its entries and attributes; seconds. */
  private static final long CACHED = 3600;

  private static final long SHARED_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long TOLD_NANOS = Duration.ofMinutes(1).toNanos();

  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;
  private static final int DT_DIR = 4;
  private static final int DT_REG = 8;

  /**
   * A close is a request in the background: of the 12 that may wait by default, the rest pile up.
   */
  private static final short MAX_BACKGROUND = (short) 65535;

  private final VirtualTree tree;
  private final Opener opener;
  private final OpenFiles openFiles = new OpenFiles();
  private final long beginSeconds = System.currentTimeMillis() / 1000;
  private final Runnable greeted;

  /** Who opened a file last, and until when it is worth to see that each gets a turn. */
  private volatile @Nullable Object lastReader;

  private volatile long sharedUntilNanos = System.nanoTime();
  private volatile long toldNanos = System.nanoTime() - TOLD_NANOS;

  /**
   * @param greeted called once the kernel has opened the conversation
   */
  Conversation(VirtualTree tree, Opener opener, Runnable greeted) {
    this.tree = tree;
    this.opener = opener;
    this.greeted = greeted;
  }

  /** What a request comes to, beside a body: an errno, or no reply at all. */
  private static final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    private final int errno;

    Failure(int errno) {
      super(null, null, false, false);
      this.errno = errno;
    }
  }

  /**
   * Answers one request.
   *
   * @param request from 0 to its limit, in the machine's byte order
   * @param reply gets the answer from 0 to its limit; empty if there is none
   */
  void answer(ByteBuffer request, ByteBuffer reply) {
    reply.clear();
    if (request.limit() < IN_HEADER || request.getInt(IN_LENGTH) != request.limit()) {
      reply.limit(0); // whom to answer is not known
      return;
    }
    reply.position(OUT_HEADER);
    int error = 0;
    try {
      if (!converse(request, reply)) {
        reply.limit(0);
        return;
      }
    } catch (Failure e) {
      error = e.errno;
    } catch (NoSuchFileException e) {
      error = SystemCalls.ENOENT;
    } catch (AccessDeniedException e) {
      error = SystemCalls.EACCES;
    } catch (IOException e) {
      error = SystemCalls.EIO;
    } catch (IndexOutOfBoundsException e) { // a request that is shorter than its kind
      error = SystemCalls.EINVAL;
    } catch (Throwable e) { // whatever happens, the caller must not wait for ever
      error = SystemCalls.EIO;
      tell(e);
    }
    int length = error == 0 ? reply.position() : OUT_HEADER;
    reply.putInt(OUT_LENGTH, length);
    reply.putInt(OUT_ERROR, -error);
    reply.putLong(OUT_UNIQUE, request.getLong(IN_UNIQUE));
    reply.position(0).limit(length);
  }

  /** Once a minute: who asks can have it fail a thousand times a second. */
  private void tell(Throwable defect) {
    long now = System.nanoTime();
    try {
      if (now - toldNanos >= TOLD_NANOS) {
        toldNanos = now;
        Log.error("a request failed", defect);
      }
    } catch (Throwable e) {
      // There is no memory to say it in; the caller gets its error.
    }
  }

  /** Whether more than one have asked of late. */
  boolean isShared() {
    return System.nanoTime() - sharedUntilNanos < 0;
  }

  /**
   * Whom a request keeps others waiting for, so that all get their turn. Empty where it is answered
   * as soon as it is looked at.
   */
  Optional<Object> asker(ByteBuffer request) {
    if (request.limit() < HANDLE + Long.BYTES) {
      return Optional.empty();
    }
    try {
      return switch (request.getInt(IN_OPCODE)) {
        case OPEN -> Optional.of(opener.asker(request.getInt(IN_TID)));
        case READ, RELEASE -> openFiles.get(request.getLong(HANDLE)).map(OpenFile::reader);
        default -> Optional.empty();
      };
    } catch (RuntimeException e) { // which is told when it is answered
      return Optional.empty();
    }
  }

  /** Puts the body of the reply. False: this request gets none. */
  private boolean converse(ByteBuffer request, ByteBuffer reply) throws IOException, Failure {
    switch (request.getInt(IN_OPCODE)) {
      case INIT -> init(request, reply);
      case LOOKUP -> lookup(request, reply);
      case GETATTR -> getattr(request, reply);
      case OPEN -> open(request, reply);
      case READ -> read(request, reply);
      case RELEASE -> openFiles.remove(request.getLong(HANDLE));
      case OPENDIR -> {
        directory(request);
        putOpen(reply, 0, 0);
      }
      case READDIR -> readdir(request, reply, false);
      case READDIRPLUS -> readdir(request, reply, true);
      case STATFS -> statfs(reply);
      case RELEASEDIR, ACCESS, DESTROY -> {}
      case IOCTL -> throw new Failure(SystemCalls.ENOTTY);
      // An interrupted request is answered as any other: none takes long.
      case FORGET, BATCH_FORGET, INTERRUPT -> {
        return false;
      }
      // FLUSH, POLL and the like: the kernel remembers that there is none, and does its own.
      default -> throw new Failure(SystemCalls.ENOSYS);
    }
    return true;
  }

  // struct fuse_init_out: major, minor, max_readahead, flags, max_background,
  // congestion_threshold, max_write, time_gran, max_pages, map_alignment, flags2,
  // max_stack_depth, request_timeout, unused[11]
  private void init(ByteBuffer request, ByteBuffer reply) throws Failure {
    int minor = request.getInt(INIT_MINOR);
    if (request.getInt(IN_HEADER) != MAJOR || minor < OLDEST_MINOR) {
      throw new Failure(SystemCalls.EINVAL);
    }
    int offered = request.getInt(INIT_FLAGS);
    int offered2 = (offered & INIT_EXT) != 0 ? request.getInt(INIT_FLAGS2) : 0;
    if ((offered2 & ALLOW_IDMAP) == 0) {
      Log.info(
          "this kernel's FUSE has no id-mapped mounts (Linux 6.12): the runtime can't start pods with"
              + " hostUsers: false that mount the files");
    }
    reply.putInt(MAJOR).putInt(Math.min(minor, MINOR)).putInt(request.getInt(INIT_READAHEAD));
    reply.putInt(offered & (PARALLEL_DIROPS | INIT_EXT));
    reply.putShort(MAX_BACKGROUND).putShort(MAX_BACKGROUND);
    reply.putInt(4096); // max_write: nobody can
    reply.putInt(1); // nanoseconds
    reply.putShort((short) 0).putShort((short) 0);
    // Never a REQUEST_TIMEOUT: it would end the connection while a successor is on its way.
    reply.putInt(offered2 & (ALLOW_IDMAP | HAS_RESEND));
    zeros(reply, 28);
    greeted.run();
  }

  // struct fuse_entry_out: nodeid, generation, entry_valid, attr_valid, their nanoseconds, attr
  private void lookup(ByteBuffer request, ByteBuffer reply) throws IOException, Failure {
    Directory directory = directory(request);
    int end = request.limit() - 1; // the name ends with a zero
    if (end <= IN_HEADER) {
      throw new Failure(SystemCalls.EINVAL);
    }
    byte[] name = new byte[end - IN_HEADER];
    request.get(IN_HEADER, name);
    putEntry(
        reply,
        tree.child(directory, new String(name, StandardCharsets.ISO_8859_1))
            .orElseThrow(() -> new Failure(SystemCalls.ENOENT)));
  }

  private void putEntry(ByteBuffer reply, Node node) {
    reply.putLong(node.inode()).putLong(0);
    reply.putLong(CACHED).putLong(CACHED).putInt(0).putInt(0);
    putAttributes(reply, node);
  }

  // struct fuse_attr_out: attr_valid, its nanoseconds, dummy, attr
  private void getattr(ByteBuffer request, ByteBuffer reply) throws Failure {
    Node node = node(request);
    reply.putLong(CACHED).putInt(0).putInt(0);
    putAttributes(reply, node);
  }

  // struct fuse_attr: ino, size, blocks, atime, mtime, ctime, their nanoseconds, mode, nlink, uid,
  // gid, rdev, blksize, flags
  private void putAttributes(ByteBuffer reply, Node node) {
    reply.putLong(node.inode());
    switch (node) {
      case Directory _ -> reply.putLong(0);
      case File _ -> reply.putLong(VirtualTree.SIZE);
    }
    reply.putLong(0);
    reply.putLong(beginSeconds).putLong(beginSeconds).putLong(beginSeconds);
    reply.putInt(0).putInt(0).putInt(0);
    switch (node) {
      case Directory _ -> reply.putInt(S_IFDIR | 0555).putInt(2);
      case File file -> reply.putInt(S_IFREG | file.mode()).putInt(1);
    }
    reply.putInt(0).putInt(0).putInt(0).putInt(4096).putInt(0);
  }

  private void open(ByteBuffer request, ByteBuffer reply) throws Failure {
    OpenFile file = opener.open(file(request), request.getInt(IN_TID));
    Object last = lastReader;
    if (!file.reader().equals(last)) {
      lastReader = file.reader();
      sharedUntilNanos = System.nanoTime() + (last == null ? 0 : SHARED_NANOS);
    }
    long handle = openFiles.add(file);
    // Each read is to be fresh, and a close that waited for an answer could not be killed.
    putOpen(reply, handle, FOPEN_DIRECT_IO | FOPEN_NOFLUSH);
  }

  // struct fuse_open_out: fh, open_flags, backing_id
  private static void putOpen(ByteBuffer reply, long handle, int flags) {
    reply.putLong(handle).putInt(flags).putInt(0);
  }

  private void read(ByteBuffer request, ByteBuffer reply) throws IOException, Failure {
    long offset = request.getLong(READ_OFFSET);
    long size = Integer.toUnsignedLong(request.getInt(READ_SIZE));
    // What is in the page cache, all callers would see. Linux from 6.5 on fills it for sendfile(2)
    // (fs/fuse/file.c:fuse_splice_read); told that it can't, programs read.
    boolean forCache = (request.getInt(READ_FLAGS) & READ_LOCKOWNER) == 0;
    if (offset < 0 || forCache) {
      throw new Failure(SystemCalls.EINVAL);
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
    reply.putLong(0).putLong(0).putLong(0).putLong(tree.files().size()).putLong(0);
    reply.putInt(4096).putInt(255).putInt(4096);
    zeros(reply, 28);
  }

  private static void zeros(ByteBuffer reply, int count) {
    for (int i = 0; i < count; i++) {
      reply.put((byte) 0);
    }
  }

  private Node node(ByteBuffer request) throws Failure {
    return tree.find(request.getLong(IN_NODE)).orElseThrow(() -> new Failure(SystemCalls.ENOENT));
  }

  private Directory directory(ByteBuffer request) throws Failure {
    if (node(request) instanceof Directory directory) {
      return directory;
    }
    throw new Failure(SystemCalls.ENOTDIR);
  }

  private File file(ByteBuffer request) throws Failure {
    if (node(request) instanceof File file) {
      return file;
    }
    throw new Failure(SystemCalls.ENOENT);
  }
}
