// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

/** The kernel's FUSE protocol as far as podproc speaks it (include/uapi/linux/fuse.h). */
final class FuseMessages {
  /** Its version. The kernel speaks this one or an older one of the same major number. */
  static final int MAJOR = 7;

  static final int MINOR = 45;

  /** 7.23: from here on the answer to INIT has its present size. */
  static final int OLDEST_MINOR = 23;

  // enum fuse_opcode
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int ACCESS = 34;
  static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int IOCTL = 39;
  static final int BATCH_FORGET = 42;
  static final int READDIRPLUS = 44;

  // struct fuse_in_header: len, opcode, unique, nodeid, uid, gid, pid, total_extlen, padding
  static final int IN_HEADER = 40;
  static final int IN_LENGTH = 0;
  static final int IN_OPCODE = 4;
  static final int IN_UNIQUE = 8;
  static final int IN_NODE = 16;
  static final int IN_UID = 24;
  static final int IN_TID = 32;

  /** The uid where the kernel has checked already: it sends none where mounts may be id-mapped. */
  static final int NO_UID = -1;

  // struct fuse_out_header: len, error, unique
  static final int OUT_HEADER = 16;
  static final int OUT_LENGTH = 0;
  static final int OUT_ERROR = 4;
  static final int OUT_UNIQUE = 8;

  // struct fuse_init_in: major, minor, max_readahead, flags, flags2
  static final int INIT_MINOR = IN_HEADER + 4;
  static final int INIT_READAHEAD = IN_HEADER + 8;
  static final int INIT_FLAGS = IN_HEADER + 12;
  static final int INIT_FLAGS2 = IN_HEADER + 16;

  // struct fuse_getattr_in: getattr_flags, dummy, fh
  static final int GETATTR_FLAGS = IN_HEADER;
  static final int GETATTR_FH = 1;

  // struct fuse_access_in: mask, padding
  static final int ACCESS_MASK = IN_HEADER;

  // struct fuse_read_in: fh, offset, size, read_flags. fuse_release_in begins with fh as well.
  static final int HANDLE = IN_HEADER;
  static final int READ_OFFSET = IN_HEADER + 8;
  static final int READ_SIZE = IN_HEADER + 16;
  static final int READ_FLAGS = IN_HEADER + 20;

  /** read_flags: who reads. Whoever fills the page cache does not say. */
  static final int READ_LOCKOWNER = 1 << 1;

  /** The flags that follow are in flags2. */
  static final int INIT_EXT = 1 << 30;

  static final int PARALLEL_DIROPS = 1 << 18;

  /** flags2: the mount may be given to a user namespace by id-mapping it. Linux 6.12. */
  static final int ALLOW_IDMAP = 1 << (40 - 32);

  /** flags2: files may be backed by others, which the kernel then maps. Linux 6.9. */
  static final int PASSTHROUGH = 1 << (37 - 32);

  /** flags2: requests that a dead server had read can be had again. Linux 6.9. */
  static final int HAS_RESEND = 1 << (39 - 32);

  // struct fuse_open_out.open_flags
  static final int FOPEN_DIRECT_IO = 1;
  static final int FOPEN_NOFLUSH = 1 << 5;
  static final int FOPEN_PASSTHROUGH = 1 << 7;

  private FuseMessages() {}
}
