// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static io.podproc.daemon.fuse.kernel.FuseMessages.*;

import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * Answers the kernel's requests: one message in, at most one out. It keeps no state that a
 * successor would miss: nodes are known by their inodes, and a handle that is not known is opened
 * again. Used by any number of threads, each with buffers of its own.
 */
public final class Dispatcher {
  /** A request is at most this long; the kernel insists on 8 KiB. */
  static final int REQUEST_SIZE = 16 * 1024;

  /** What is read at once at most: 32 pages, the kernel's own limit, and a header. */
  static final int REPLY_SIZE = 128 * 1024 + 4096;

  /** Of a request that is understood, struct fuse_read_in is the longest but for names. */
  private static final int LONGEST = IN_HEADER + 40;

  /** For whom a thread asks that can't be told. */
  private static final Object NOBODY = new Object();

  private final Opener opener;
  private final Operations operations;

  /**
   * @param idMapped whether the mount may be id-mapped, if the kernel can do that
   * @param initialized called once FUSE_INIT is answered
   */
  public Dispatcher(VirtualTree tree, Opener opener, boolean idMapped, Runnable initialized) {
    this.opener = opener;
    this.operations = new Operations(tree, opener, new Init(idMapped, initialized));
  }

  /**
   * Answers one request.
   *
   * @param request from 0 to its limit, in the machine's byte order
   * @param reply gets the answer from 0 to its limit; empty if there is none
   * @param backing what files are to be opened with, see {@link MappingRefusal}
   */
  void answer(ByteBuffer request, ByteBuffer reply, IntSupplier backing) {
    reply.clear();
    if (request.limit() < IN_HEADER || request.getInt(IN_LENGTH) != request.limit()) {
      reply.limit(0); // whom to answer is not known
      return;
    }
    reply.position(OUT_HEADER);
    int error = 0;
    try {
      if (!operations.run(request, reply, backing)) {
        reply.limit(0);
        return;
      }
    } catch (Operations.Failure e) {
      error = e.errno();
    } catch (NoSuchFileException e) {
      error = Errno.ENOENT;
    } catch (AccessDeniedException e) {
      error = Errno.EACCES;
    } catch (IOException e) {
      error = Errno.EIO;
    } catch (IndexOutOfBoundsException e) { // a request that is shorter than its kind
      error = Errno.EINVAL;
    } catch (Throwable e) { // whatever happens, the caller must not wait for ever
      error = Errno.EIO;
      failed(e);
    }
    putHeader(request, reply, error == 0 ? reply.position() : OUT_HEADER, error);
  }

  private void putHeader(ByteBuffer request, ByteBuffer reply, int length, int error) {
    reply.putInt(OUT_LENGTH, length);
    reply.putInt(OUT_ERROR, -error);
    reply.putLong(OUT_UNIQUE, request.getLong(IN_UNIQUE));
    reply.position(0).limit(length);
    opener.requests().answered();
  }

  /** Tells of what became of a request that can't be answered. */
  void failed(Throwable defect) {
    opener.requests().failed(defect);
  }

  /** Whether more than one have asked of late. */
  boolean isShared() {
    return operations.areShared();
  }

  /** Whether somebody waits for its answer, which takes a turn: whatever a caller can ask for. */
  static boolean takesTurn(ByteBuffer request) {
    if (request.limit() < IN_HEADER) {
      return false;
    }
    return switch (request.getInt(IN_OPCODE)) {
      case INIT, DESTROY, FORGET, BATCH_FORGET, INTERRUPT -> false;
      default -> true;
    };
  }

  /** The thread that asks; 0 where none does, as for a file that was closed. */
  static int tid(ByteBuffer request) {
    return request.getInt(IN_TID);
  }

  /** Whose the open file is that a request is about; empty where it is about none that is known. */
  Optional<Object> holder(ByteBuffer request) {
    int opcode = request.getInt(IN_OPCODE);
    return (opcode == READ || opcode == RELEASE) && request.limit() >= HANDLE + Long.BYTES
        ? operations.reader(request.getLong(HANDLE))
        : Optional.empty();
  }

  /** A copy of what it takes to answer a request. The rest can be some 16 KiB, of an ioctl(2). */
  static byte[] toKeep(ByteBuffer request) {
    boolean isNamed = request.getInt(IN_OPCODE) == LOOKUP;
    byte[] kept = new byte[isNamed ? request.limit() : Math.min(request.limit(), LONGEST)];
    request.get(0, kept);
    ByteBuffer.wrap(kept).order(request.order()).putInt(IN_LENGTH, kept.length);
    return kept;
  }

  /** For whom a thread asks, so that all get their turn. */
  Object owner(int tid) {
    try {
      return opener.owner(tid);
    } catch (Throwable e) { // which is told when it is answered
      return NOBODY;
    }
  }

  /** Answers a request of one for whom too many wait. Who closes a file never is. */
  void refuse(ByteBuffer request, ByteBuffer reply) {
    if (request.getInt(IN_OPCODE) == RELEASE) {
      answer(request, reply, () -> MappingRefusal.NONE);
    } else {
      putHeader(request, reply.clear(), OUT_HEADER, Errno.EAGAIN);
      opener.requests().refused();
    }
  }
}
