// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import io.podproc.daemon.linux.MountVisit.Held;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds out what is mounted at a path, from a directory whose process can't be trusted. */
final class MountLookup {
  /** What a path in another process's file systems must not lead through. */
  private static final int STRICTLY =
      SystemCalls.RESOLVE_NO_SYMLINKS
          | SystemCalls.RESOLVE_NO_MAGICLINKS
          | SystemCalls.RESOLVE_BENEATH;

  private static final int FLAGS =
      SystemCalls.O_PATH | SystemCalls.O_NOFOLLOW | SystemCalls.O_CLOEXEC;

  /** Mounting anywhere on the machine may make the kernel look up a path anew, and ask. */
  private static final int TRIES = 50;

  private static final long BETWEEN_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private static final Pattern MOUNT_ID =
      Pattern.compile("^mnt_id:\\s*(\\d{1,18})$", Pattern.MULTILINE);

  private final HeldDescriptors descriptors;
  private final int proc;

  /**
   * @param proc a descriptor of the host's /proc
   */
  MountLookup(HeldDescriptors descriptors, int proc) {
    this.descriptors = descriptors;
    this.proc = proc;
  }

  private static SystemCalls calls() {
    return SystemCalls.ofThread();
  }

  /**
   * The mount that a process with this root sees at a path, without asking a file system for
   * anything. Symbolic links are not followed.
   *
   * @param point as in its mountinfo
   * @throws SystemCallException EAGAIN: that can't be told; ENOSYS, EINVAL: nor can it be before
   *     Linux 5.6 and 5.12
   */
  Held visible(Held root, String point) throws SystemCallException {
    int strictly = STRICTLY | SystemCalls.RESOLVE_CACHED;
    int found;
    int tries = TRIES;
    do {
      found = calls().openAt2(root.descriptor(), relative(point), FLAGS, strictly);
      if (found == -Errno.EAGAIN) {
        LockSupport.parkNanos(BETWEEN_NANOS);
      }
    } while (found == -Errno.EAGAIN && --tries > 0);
    return held(descriptors.keep("openat2", found));
  }

  /**
   * As {@link #visible}, but the root is asked, which must be of a file system that answers.
   *
   * @throws SystemCallException as of {@link #mountedIn}
   */
  Held ask(Held root, String point) throws SystemCallException {
    return mountedIn(root, relative(point));
  }

  private static String relative(String point) {
    return point.equals("/") ? "." : point.substring(1);
  }

  /**
   * A file of a mount itself, which must be one of a file system that answers.
   *
   * @param path relative to what is held
   * @throws SystemCallException EXDEV: something is mounted there, or on the way
   */
  Held within(Held directory, String path) throws SystemCallException {
    return held(descriptors.keep("openat2", found(directory, path, SystemCalls.RESOLVE_NO_XDEV)));
  }

  /**
   * The mount that is seen at a file of a mount, which must be one of a file system that answers.
   *
   * @param path relative to what is held
   * @throws SystemCallException EXDEV: something is mounted on the way, which before Linux 5.6
   *     can't be told
   */
  Held mountedIn(Held directory, String path) throws SystemCallException {
    if (!KernelFeatures.openat2()) {
      return held(descriptors.open(directory.descriptor(), path, FLAGS));
    }
    int slash = path.lastIndexOf('/');
    Held above = slash < 0 ? directory : within(directory, path.substring(0, slash));
    return held(descriptors.keep("openat2", found(above, path.substring(slash + 1), 0)));
  }

  private static int found(Held directory, String path, int resolve) {
    int found;
    do { // EAGAIN: something was renamed just then
      found = calls().openAt2(directory.descriptor(), path, FLAGS, STRICTLY | resolve);
    } while (found == -Errno.EAGAIN);
    return found;
  }

  /** What is mounted where a descriptor is. */
  Held held(int descriptor) throws SystemCallException {
    int info =
        SystemCallException.check(
            "openat", calls().openAt(proc, "self/fdinfo/" + descriptor, SystemCalls.O_CLOEXEC));
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment buffer = memory.allocate(512);
      int length = SystemCallException.check("read", (int) calls().read(info, buffer));
      byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
      Matcher id = MOUNT_ID.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
      return new Held(descriptor, id.find() ? Long.parseLong(id.group(1)) : -1);
    } finally {
      int _ = calls().close(info);
    }
  }
}
