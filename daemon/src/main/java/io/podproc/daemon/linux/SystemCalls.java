// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * System calls of one thread, which alone may use it. All go through one handle of syscall(2):
 * every further one would cost the start some 20 ms. Structures are read and written as buffers: a
 * VarHandle of a MemorySegment costs it as much.
 */
public final class SystemCalls {
  private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

  /** errno(3). */
  public static final int EPERM = 1;

  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int ENODEV = 19;
  public static final int ENOTDIR = 20;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int ENOTTY = 25;
  public static final int ENOSYS = 38;

  /** open(2). */
  public static final int O_RDONLY = 0;

  public static final int O_RDWR = 2;

  public static final int O_CLOEXEC = 0x80000;

  public static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;

  /** open(2): to name a file, without asking its file system for anything. */
  public static final int O_PATH = 0x200000;

  public static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;

  /** mount(2). */
  public static final int MS_RDONLY = 1;

  public static final int MS_NOSUID = 2;
  public static final int MS_NODEV = 4;
  public static final int MS_NOEXEC = 8;

  /** umount2(2): detaches at once, and frees when the last user is gone. */
  public static final int MNT_DETACH = 2;

  /** signal(7). */
  public static final int SIGHUP = 1;

  /** poll(2). */
  public static final int POLLIN = 1;

  public static final int POLLERR = 8;

  private static final int CLOCK_BOOTTIME = 7;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private static final int F_GETLK = 5;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;

  private static final int AT_FDCWD = -100;
  private static final int AT_EMPTY_PATH = 0x1000;

  /** statx(2). */
  private static final int STATX_NLINK = 4;

  private static final int STATX_SIZE = 256;
  private static final int STATX_NLINK_AT = 16;

  private static final int RLIMIT_NOFILE = 7;

  private static final int READ = ARM ? 63 : 0;
  private static final int WRITE = ARM ? 64 : 1;
  private static final int PREAD64 = ARM ? 67 : 17;
  private static final int CLOSE = ARM ? 57 : 3;
  private static final int OPENAT = ARM ? 56 : 257;
  private static final int IOCTL = ARM ? 29 : 16;
  private static final int PPOLL = ARM ? 73 : 271;
  private static final int CLOCK_GETTIME = ARM ? 113 : 228;
  private static final int FCNTL = ARM ? 25 : 72;
  private static final int PIDFD_SEND_SIGNAL = 424;
  private static final int GETDENTS64 = ARM ? 61 : 217;
  private static final int STATX = ARM ? 291 : 332;
  private static final int PRLIMIT64 = ARM ? 261 : 302;
  private static final int PIDFD_OPEN = 434;
  private static final int PIDFD_GETFD = 438;
  private static final int FCHDIR = ARM ? 50 : 81;
  private static final int CHROOT = ARM ? 51 : 161;
  private static final int UNSHARE = ARM ? 97 : 272;
  private static final int SETNS = ARM ? 268 : 308;
  private static final int OPEN_TREE = 428;
  private static final int MOVE_MOUNT = 429;
  private static final int MOUNT_SETATTR = 442;
  private static final int MOUNT = ARM ? 40 : 165;
  private static final int UMOUNT2 = ARM ? 39 : 166;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final int ERRNO =
      (int) STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemorySegment SYSCALL = LINKER.defaultLookup().findOrThrow("syscall");

  /** Not bound to that: each binding is code that is made at the start. */
  private static final MethodHandle CALL = handle();

  private static final ThreadLocal<SystemCalls> OF_THREAD =
      ThreadLocal.withInitial(() -> new SystemCalls(Arena.ofAuto()));

  private final MemorySegment state;
  private final ByteBuffer errno;
  private final Structure polled;
  private final Structure atOnce;
  private final Structure time;

  /** Memory that the kernel reads or writes. */
  private record Structure(long address, ByteBuffer fields) {
    static Structure of(Arena memory, int size) {
      MemorySegment segment = memory.allocate(size, 8);
      return new Structure(segment.address(), buffer(segment));
    }

    static Structure ofWords(Arena memory, long... words) {
      Structure structure = of(memory, words.length * Long.BYTES);
      structure.fields.asLongBuffer().put(words);
      return structure;
    }
  }

  /**
   * @param memory where errno and the like are kept; lasts as long as this is used
   */
  public SystemCalls(Arena memory) {
    state = memory.allocate(STATE);
    errno = buffer(state);
    polled = Structure.of(memory, 8); // struct pollfd: fd, events, revents
    atOnce = Structure.of(memory, 16); // struct timespec
    time = Structure.of(memory, 16);
  }

  private static ByteBuffer buffer(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /** Those of whoever asks. */
  static SystemCalls ofThread() {
    return OF_THREAD.get();
  }

  /**
   * Does what would otherwise hold up the first system call: it takes some 30 ms of a start, and
   * can be done beside others.
   */
  public static void link() {
    Objects.requireNonNull(CALL); // the class is initialized now
  }

  @SuppressWarnings("restricted") // the one place that may, by jvm.options
  private static MethodHandle handle() {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    // A pointer or a number: an argument takes a register of 64 bits.
    return LINKER.downcallHandle(
        FunctionDescriptor.of(word, word, word, word, word, word, word),
        Linker.Option.firstVariadicArg(1),
        Linker.Option.captureCallState("errno"));
  }

  private long call(int call, long first, long second, long third, long fourth, long fifth) {
    try {
      long result =
          (long) CALL.invokeExact(SYSCALL, state, (long) call, first, second, third, fourth, fifth);
      return result == -1 ? -errno.getInt(ERRNO) : result;
    } catch (Throwable e) { // a call that was linked throws nothing
      throw new AssertionError(e);
    }
  }

  private long call(int call, long first, long second, long third) {
    return call(call, first, second, third, 0, 0);
  }

  private static long text(Arena arena, String text) {
    return arena.allocateFrom(text).address();
  }

  /** read(2): how many bytes there were, or -errno. */
  public long read(int descriptor, MemorySegment buffer) {
    return call(READ, descriptor, buffer.address(), buffer.byteSize());
  }

  /** write(2): how many bytes were taken, or -errno. */
  public long write(int descriptor, MemorySegment buffer, long length) {
    return call(WRITE, descriptor, buffer.address(), length);
  }

  /** pread(2): how many bytes there were, or -errno. */
  long pread(int descriptor, MemorySegment buffer, long length, long offset) {
    return call(PREAD64, descriptor, buffer.address(), length, offset, 0);
  }

  /**
   * The time since the host's boot, suspension included, which the JDK has no clock for:
   * clock_gettime(2) of CLOCK_BOOTTIME, in nanoseconds.
   */
  public static long bootNanos() {
    SystemCalls calls = ofThread();
    int error = (int) calls.call(CLOCK_GETTIME, CLOCK_BOOTTIME, calls.time.address, 0);
    if (error != 0) { // Linux 2.6.39 has it
      throw new IllegalStateException("error " + -error + " of clock_gettime(2)");
    }
    return calls.time.fields.getLong(0) * NANOS_PER_SECOND + calls.time.fields.getLong(8);
  }

  /** open(2): a descriptor, or -errno. */
  public int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(OPENAT, AT_FDCWD, text(arena, path), flags);
    }
  }

  /**
   * openat(2) of what is in a directory, its name in bytes as characters: a descriptor, or -errno.
   */
  int openAt(int directory, String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = arena.allocateFrom(name, StandardCharsets.ISO_8859_1).address();
      return (int) call(OPENAT, directory, bytes, flags);
    }
  }

  /** getdents64(2): how many bytes there were, 0 after the last entry, or -errno. */
  long entries(int directory, MemorySegment buffer) {
    return call(GETDENTS64, directory, buffer.address(), buffer.byteSize());
  }

  /** How many links a descriptor's file has, by statx(2), or -errno. */
  int links(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      Structure found = Structure.of(arena, STATX_SIZE);
      int error =
          (int) call(STATX, descriptor, text(arena, ""), AT_EMPTY_PATH, STATX_NLINK, found.address);
      return error < 0 ? error : found.fields.getInt(STATX_NLINK_AT);
    }
  }

  /** How many descriptors this process may have, by prlimit(2). */
  long descriptorLimit() {
    int error = (int) call(PRLIMIT64, 0, RLIMIT_NOFILE, 0, time.address, 0);
    if (error != 0) { // Linux 2.6.36 has it
      throw new IllegalStateException("error " + -error + " of prlimit(2)");
    }
    long limit = time.fields.getLong(0); // struct rlimit64: rlim_cur, rlim_max
    return limit < 0 ? Long.MAX_VALUE : limit;
  }

  /** close(2): 0 or -errno. */
  public int close(int descriptor) {
    return (int) call(CLOSE, descriptor, 0, 0);
  }

  /** ioctl(2) with a pointer to a number of 32 bits: what it returns, or -errno. */
  public int ioctl(int descriptor, long request, int argument) {
    try (Arena arena = Arena.ofConfined()) {
      Structure pointed = Structure.of(arena, 8);
      pointed.fields.putInt(argument);
      return (int) call(IOCTL, descriptor, request, pointed.address);
    }
  }

  /**
   * A poll(2) that does not wait: those events that there are, or -errno.
   *
   * @param wanted which are told besides {@link #POLLERR}
   */
  public int events(int descriptor, int wanted) {
    polled.fields.putInt(0, descriptor).putShort(4, (short) wanted);
    int count = (int) call(PPOLL, polled.address, 1, atOnce.address);
    return count <= 0 ? count : polled.fields.getShort(6);
  }

  /**
   * Which process has a lock on a file, fcntl(2) of F_GETLK: its pid, 0 where none has, -1 where it
   * is in another pid namespace, or -errno, which is less than that.
   */
  public int lockHolder(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      // struct flock: l_type, l_whence, l_start, l_len, l_pid
      Structure lock = Structure.of(arena, 32);
      lock.fields.putShort(0, F_WRLCK);
      int error = (int) call(FCNTL, descriptor, F_GETLK, lock.address);
      if (error < 0) {
        return error - 1;
      }
      int pid = lock.fields.getInt(24);
      return lock.fields.getShort(0) == F_UNLCK ? 0 : pid > 0 ? pid : -1;
    }
  }

  /**
   * pidfd_open(2): a descriptor of a process, or -errno: {@link #ENOSYS} before Linux 5.3, {@link
   * #ESRCH} if there is none.
   */
  public int pidfd(int pid) {
    return (int) call(PIDFD_OPEN, pid, 0, 0);
  }

  /**
   * A copy of another process's descriptor, by pidfd_getfd(2), or -errno: {@link #ENOSYS} before
   * Linux 5.6, {@link #EPERM} without CAP_SYS_PTRACE.
   */
  public int copyOf(int pidfd, int descriptor) {
    return (int) call(PIDFD_GETFD, pidfd, descriptor, 0);
  }

  /** pidfd_send_signal(2): 0 or -errno. */
  public int signal(int pidfd, int signal) {
    return (int) call(PIDFD_SEND_SIGNAL, pidfd, signal, 0);
  }

  /** mount(2): 0 or -errno. */
  public int mount(String source, String target, String type, int flags, String options) {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          call(
              MOUNT,
              text(arena, source),
              text(arena, target),
              text(arena, type),
              flags,
              text(arena, options));
    }
  }

  /** umount2(2): 0 or -errno. */
  public int umount2(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(UMOUNT2, text(arena, target), flags, 0);
    }
  }

  /** unshare(2): 0 or -errno. */
  public int unshare(int flags) {
    return (int) call(UNSHARE, flags, 0, 0);
  }

  /** setns(2): 0 or -errno. */
  public int setns(int descriptor, int kind) {
    return (int) call(SETNS, descriptor, kind, 0);
  }

  /** fchdir(2): 0 or -errno. */
  public int fchdir(int directory) {
    return (int) call(FCHDIR, directory, 0, 0);
  }

  /** chroot(2): 0 or -errno. */
  public int chroot(String directory) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(CHROOT, text(arena, directory), 0, 0);
    }
  }

  /** open_tree(2), Linux 5.2: a descriptor, or -errno. */
  public int openTree(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(OPEN_TREE, AT_FDCWD, text(arena, path), flags);
    }
  }

  /** move_mount(2), Linux 5.2, of what two descriptors name: 0 or -errno. */
  public int moveMount(int from, int to, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long here = text(arena, "");
      return (int) call(MOVE_MOUNT, from, here, to, here, flags);
    }
  }

  /**
   * mount_setattr(2), Linux 5.12, of the mount that a descriptor names: 0 or -errno.
   *
   * @param set attributes to set
   * @param propagation as of mount(2)
   * @param userNamespace a descriptor, where the attributes ask for one
   */
  public int mountSetattr(int mount, long set, long propagation, int userNamespace) {
    try (Arena arena = Arena.ofConfined()) {
      // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
      Structure attributes = Structure.ofWords(arena, set, 0, propagation, userNamespace);
      return (int)
          call(
              MOUNT_SETATTR,
              mount,
              text(arena, ""),
              AT_EMPTY_PATH,
              attributes.address,
              attributes.fields.capacity());
    }
  }
}
