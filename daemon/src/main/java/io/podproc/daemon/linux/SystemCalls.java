// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import io.podproc.daemon.linux.Syscall.Structure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * System calls of one thread, which alone may use it: those on files and descriptors, clocks and
 * limits, and the way to those on {@link #mounts mounts} and {@link #processes processes}.
 */
public final class SystemCalls {
  /** open(2). */
  public static final int O_RDONLY = 0;

  public static final int O_RDWR = 2;

  private static final int O_NONBLOCK = 0x800;

  public static final int O_CLOEXEC = 0x80000;

  public static final int O_NOFOLLOW = Syscall.ARM ? 0x8000 : 0x20000;

  /** open(2): to name a file, without asking its file system for anything. */
  public static final int O_PATH = 0x200000;

  public static final int O_DIRECTORY = Syscall.ARM ? 0x4000 : 0x10000;

  /** openat2(2): not across a mount. */
  public static final int RESOLVE_NO_XDEV = 1;

  public static final int RESOLVE_NO_MAGICLINKS = 2;
  public static final int RESOLVE_NO_SYMLINKS = 4;

  /** openat2(2): not out of the directory from which it begins. */
  public static final int RESOLVE_BENEATH = 8;

  /**
   * openat2(2): only what the kernel knows without asking a file system; else {@link Errno#EAGAIN}.
   * Since Linux 5.12.
   */
  public static final int RESOLVE_CACHED = 0x20;

  /** poll(2). */
  public static final int POLLIN = 1;

  public static final int POLLERR = 8;

  private static final int CLOCK_BOOTTIME = 7;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private static final int F_GETLK = 5;
  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;

  private static final int AT_FDCWD = -100;

  private static final int LOCK_EX_NB = 2 | 4;

  private static final int READ = Syscall.ARM ? 63 : 0;
  private static final int WRITE = Syscall.ARM ? 64 : 1;
  private static final int PREAD64 = Syscall.ARM ? 67 : 17;
  private static final int CLOSE = Syscall.ARM ? 57 : 3;
  private static final int OPENAT = Syscall.ARM ? 56 : 257;
  private static final int IOCTL = Syscall.ARM ? 29 : 16;
  private static final int PPOLL = Syscall.ARM ? 73 : 271;
  private static final int CLOCK_GETTIME = Syscall.ARM ? 113 : 228;
  private static final int FLOCK = Syscall.ARM ? 32 : 73;
  private static final int FCNTL = Syscall.ARM ? 25 : 72;
  private static final int GETDENTS64 = Syscall.ARM ? 61 : 217;
  private static final int OPENAT2 = 437;
  private static final int MKDIRAT = Syscall.ARM ? 34 : 258;
  private static final int UNLINKAT = Syscall.ARM ? 35 : 263;
  private static final int INOTIFY_INIT1 = Syscall.ARM ? 26 : 294;
  private static final int INOTIFY_ADD_WATCH = Syscall.ARM ? 27 : 254;
  private static final int AT_REMOVEDIR = 0x200;

  private static final ThreadLocal<SystemCalls> OF_THREAD =
      ThreadLocal.withInitial(() -> new SystemCalls(Arena.ofAuto()));

  private final Syscall kernel;
  private final Structure polled;
  private final Structure atOnce;
  private final Structure time;

  /**
   * @param memory where errno and the like are kept; lasts as long as this is used
   */
  public SystemCalls(Arena memory) {
    kernel = new Syscall(memory);
    polled = Structure.of(memory, 8); // struct pollfd: fd, events, revents
    atOnce = Structure.of(memory, 16); // struct timespec
    time = Structure.of(memory, 16);
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
    Syscall.link();
  }

  /** Those on mounts. */
  public MountCalls mounts() {
    return new MountCalls(kernel);
  }

  /** Those on processes. */
  public ProcessCalls processes() {
    return new ProcessCalls(kernel);
  }

  /** What the kernel knows of a file. */
  Statx statx() {
    return new Statx(kernel);
  }

  /** read(2): how many bytes there were, or -errno. */
  public long read(int descriptor, MemorySegment buffer) {
    return kernel.call(READ, descriptor, buffer.address(), buffer.byteSize());
  }

  /** write(2): how many bytes were taken, or -errno. */
  public long write(int descriptor, MemorySegment buffer, long length) {
    return kernel.call(WRITE, descriptor, buffer.address(), length);
  }

  /** pread(2): how many bytes there were, or -errno. */
  long pread(int descriptor, MemorySegment buffer, long length, long offset) {
    return kernel.call(PREAD64, descriptor, buffer.address(), length, offset, 0);
  }

  /**
   * The time since the host's boot, suspension included, which the JDK has no clock for:
   * clock_gettime(2) of CLOCK_BOOTTIME, in nanoseconds.
   */
  public static long bootNanos() {
    SystemCalls calls = ofThread();
    int error = (int) calls.kernel.call(CLOCK_GETTIME, CLOCK_BOOTTIME, calls.time.address(), 0);
    if (error != 0) { // Linux 2.6.39 has it
      throw new IllegalStateException("error " + -error + " of clock_gettime(2)");
    }
    return calls.time.fields().getLong(0) * NANOS_PER_SECOND + calls.time.fields().getLong(8);
  }

  /** open(2): a descriptor, or -errno. */
  public int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(OPENAT, AT_FDCWD, Syscall.text(arena, path), flags);
    }
  }

  /**
   * openat(2) of what is in a directory, its name in bytes as characters: a descriptor, or -errno.
   */
  int openAt(int directory, String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = arena.allocateFrom(name, StandardCharsets.ISO_8859_1).address();
      return (int) kernel.call(OPENAT, directory, bytes, flags);
    }
  }

  /**
   * openat2(2), Linux 5.6, of what a directory holds: a descriptor, or -errno. Names are bytes as
   * characters.
   *
   * @param resolve how it may be looked for: {@link #RESOLVE_CACHED} and the like
   */
  int openAt2(int directory, String path, int flags, int resolve) {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = arena.allocateFrom(path, StandardCharsets.ISO_8859_1).address();
      Structure how = Structure.ofWords(arena, flags, 0, resolve); // struct open_how
      return (int)
          kernel.call(OPENAT2, directory, bytes, how.address(), how.fields().capacity(), 0);
    }
  }

  /** mkdirat(2): 0 or -errno. */
  int makeDirectory(int directory, String path, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(MKDIRAT, directory, Syscall.text(arena, path), mode);
    }
  }

  /** unlinkat(2) of a directory: 0 or -errno. */
  int removeDirectory(int directory, String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(UNLINKAT, directory, Syscall.text(arena, path), AT_REMOVEDIR);
    }
  }

  /** flock(2), exclusively and at once: 0 or -errno, {@link Errno#EAGAIN} where another has it. */
  int lock(int descriptor) {
    return (int) kernel.call(FLOCK, descriptor, LOCK_EX_NB, 0);
  }

  /** inotify_init1(2): a descriptor whose reads do not wait, or -errno. */
  int inotify() {
    return (int) kernel.call(INOTIFY_INIT1, O_NONBLOCK | O_CLOEXEC, 0, 0);
  }

  /** inotify_add_watch(2): its number, or -errno. */
  int watch(int inotify, String path, int events) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) kernel.call(INOTIFY_ADD_WATCH, inotify, Syscall.text(arena, path), events);
    }
  }

  /** getdents64(2): how many bytes there were, 0 after the last entry, or -errno. */
  long entries(int directory, MemorySegment buffer) {
    return kernel.call(GETDENTS64, directory, buffer.address(), buffer.byteSize());
  }

  /** close(2): 0 or -errno. */
  public int close(int descriptor) {
    return (int) kernel.call(CLOSE, descriptor, 0, 0);
  }

  /**
   * ioctl(2) with a pointer to a number of 32 bits, and 96 bits of zeros behind: what it returns,
   * or -errno.
   */
  public int ioctl(int descriptor, long request, int argument) {
    try (Arena arena = Arena.ofConfined()) {
      Structure pointed = Structure.of(arena, 16);
      pointed.fields().putInt(argument);
      return (int) kernel.call(IOCTL, descriptor, request, pointed.address());
    }
  }

  /**
   * A poll(2) that does not wait: those events that there are, or -errno.
   *
   * @param wanted which are told besides {@link #POLLERR}
   */
  public int events(int descriptor, int wanted) {
    polled.fields().putInt(0, descriptor).putShort(4, (short) wanted);
    int count = (int) kernel.call(PPOLL, polled.address(), 1, atOnce.address());
    return count <= 0 ? count : polled.fields().getShort(6);
  }

  /**
   * A poll(2) of several descriptors that waits for a time at most: which of them can be read, or
   * of whose process has ended, in their order.
   *
   * @param nanos how long, at most
   */
  boolean[] awaitReadable(int[] descriptors, long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      Structure all = Structure.of(arena, 8 * descriptors.length); // struct pollfd each
      for (int i = 0; i < descriptors.length; i++) {
        all.fields().putInt(8 * i, descriptors[i]).putShort(8 * i + 4, (short) POLLIN);
      }
      Structure most = Structure.ofWords(arena, nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
      int _ = (int) kernel.call(PPOLL, all.address(), descriptors.length, most.address());
      boolean[] readable = new boolean[descriptors.length];
      for (int i = 0; i < descriptors.length; i++) {
        readable[i] = all.fields().getShort(8 * i + 6) != 0;
      }
      return readable;
    }
  }

  /**
   * Which process has a lock on a file, fcntl(2) of F_GETLK: its pid, 0 where none has, -1 where it
   * is in another pid namespace, or -errno, which is less than that.
   */
  public int lockHolder(int descriptor) {
    return lockHolder(descriptor, F_WRLCK);
  }

  /** As {@link #lockHolder(int)}, of those that have locked it for writing. */
  public int writeLockHolder(int descriptor) {
    return lockHolder(descriptor, F_RDLCK);
  }

  /**
   * @param wanted the kind of lock that the other's is in the way of
   */
  private int lockHolder(int descriptor, short wanted) {
    try (Arena arena = Arena.ofConfined()) {
      // struct flock: l_type, l_whence, l_start, l_len, l_pid
      Structure lock = Structure.of(arena, 32);
      lock.fields().putShort(0, wanted);
      int error = (int) kernel.call(FCNTL, descriptor, F_GETLK, lock.address());
      if (error < 0) {
        return error - 1;
      }
      int pid = lock.fields().getInt(24);
      return lock.fields().getShort(0) == F_UNLCK ? 0 : pid > 0 ? pid : -1;
    }
  }
}
