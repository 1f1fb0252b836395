// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static io.podproc.daemon.fuse.kernel.FuseMessages.*;

import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.Lack;
import io.podproc.daemon.log.Log;
import java.nio.ByteBuffer;

/**
 * The first request and its answer: what kernel and daemon will use of the protocol.
 *
 * @param idMapped whether the mount may be id-mapped, if the kernel can do that
 * @param initialized called once it is answered
 */
record Init(boolean idMapped, Runnable initialized) {
  /** What backs a file is on a file system that is stacked on no other, as sysfs. */
  private static final int STACK_DEPTH = 1;

  /**
   * A close is a request in the background, and of a thousand files at once are many: so many wait
   * for their turn here. More would keep others waiting in the kernel's queue; of the 12 that may
   * by default, the rest pile up.
   */
  private static final short MAX_BACKGROUND = 4096;

  // struct fuse_init_out: major, minor, max_readahead, flags, max_background,
  // congestion_threshold, max_write, time_gran, max_pages, map_alignment, flags2,
  // max_stack_depth, request_timeout, unused[11]
  void answer(ByteBuffer request, ByteBuffer reply) throws Operations.Failure {
    int minor = request.getInt(INIT_MINOR);
    if (request.getInt(IN_HEADER) != MAJOR || minor < OLDEST_MINOR) {
      throw new Operations.Failure(Errno.EINVAL);
    }
    int offered = request.getInt(INIT_FLAGS);
    int offered2 = (offered & INIT_EXT) != 0 ? request.getInt(INIT_FLAGS2) : 0;
    if (idMapped && (offered2 & ALLOW_IDMAP) == 0) {
      Log.info("this kernel's FUSE has no id-mapped mounts %s", Lack.ALLOW_IDMAP);
    }
    if ((offered2 & PASSTHROUGH) == 0) {
      Log.info("this kernel's FUSE can't refuse to map files %s", Lack.PASSTHROUGH);
    }
    reply.putInt(MAJOR).putInt(Math.min(minor, MINOR)).putInt(request.getInt(INIT_READAHEAD));
    reply.putInt(offered & (PARALLEL_DIROPS | INIT_EXT));
    reply.putShort(MAX_BACKGROUND).putShort(MAX_BACKGROUND);
    reply.putInt(4096); // max_write: nobody can
    reply.putInt(1); // nanoseconds
    reply.putShort((short) 0).putShort((short) 0);
    // Never a REQUEST_TIMEOUT: it would end the connection while a successor is on its way.
    // The kernel takes ALLOW_IDMAP only from a mount whose permissions it checks by itself.
    reply.putInt(offered2 & (HAS_RESEND | PASSTHROUGH | (idMapped ? ALLOW_IDMAP : 0)));
    reply.putInt(STACK_DEPTH);
    Operations.zeros(reply, 24);
    initialized.run();
  }
}
