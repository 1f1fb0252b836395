// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A visit to the mount namespace of another process, in which mounts are exchanged. No program of
 * that process's file system is run, and no file of a mount is asked for anything: one that no
 * server answers for can't hold the visit up.
 *
 * <p>It belongs to one thread, made for it: that can't go back, and must end. Its root directory
 * stays this process's: the JVM may load a class or a library in any thread at any time, and ends
 * where it finds, in a container's file system, no libzip.so of its own.
 */
public final class MountVisit implements AutoCloseable {
  private static final int CLONE_FS = 0x200;
  private static final int CLONE_NEWNS = 0x20000;
  private static final int MS_PRIVATE = 1 << 18;

  private static final int OPEN_TREE_CLONE = 1;
  private static final int MOUNT_ATTR_RDONLY = 1;
  private static final int MOUNT_ATTR_NOSUID = 2;
  private static final int MOUNT_ATTR_NODEV = 4;
  private static final int MOUNT_ATTR_NOEXEC = 8;
  private static final int MOUNT_ATTR_IDMAP = 0x100000;
  private static final int MOVE_MOUNT_EMPTY_PATHS = 0x4 | 0x40;
  private static final int MOVE_MOUNT_BENEATH = 0x200;

  private static final Pattern MOUNT_ID =
      Pattern.compile("^mnt_id:\\s*(\\d{1,18})$", Pattern.MULTILINE);

  private final Arena memory = Arena.ofConfined();
  private final SystemCalls calls = new SystemCalls(memory);
  private final List<Integer> open = new ArrayList<>();
  private final String process;
  private final int proc;
  private final int own;
  private final int root;
  private final int namespace;

  /**
   * A mount, held fast: whatever is mounted or renamed meanwhile, this one is meant.
   *
   * @param id as in mountinfo
   */
  public record Held(int descriptor, long id) {}

  /**
   * Prepares a visit; {@link #enter} makes it.
   *
   * @param procRoot where the host's /proc is seen
   * @param pid whose namespace it is
   */
  public MountVisit(Path procRoot, int pid) throws SystemCallException {
    this.process = procRoot + "/" + pid;
    try {
      proc = open(procRoot.toString(), SystemCalls.O_PATH | SystemCalls.O_DIRECTORY);
      own = open("/", SystemCalls.O_PATH | SystemCalls.O_DIRECTORY);
      root = open(process + "/root", SystemCalls.O_PATH | SystemCalls.O_DIRECTORY);
      namespace = open(process + "/ns/mnt", 0);
    } catch (SystemCallException e) {
      close();
      throw e;
    }
  }

  /**
   * Whether the kernel can put a mount beneath another: it looks at the flags before it looks at
   * what is to be moved (fs/namespace.c:move_mount), and here that is nothing.
   */
  public static boolean canPutBeneath() {
    try (Arena arena = Arena.ofConfined()) {
      return new SystemCalls(arena).moveMount(-1, -1, MOVE_MOUNT_EMPTY_PATHS | MOVE_MOUNT_BENEATH)
          == -SystemCalls.EBADF;
    }
  }

  /** A descriptor that is closed with the visit. */
  private int open(String path, int flags) throws SystemCallException {
    return keep("open", calls.open(path, flags | SystemCalls.O_CLOEXEC));
  }

  private int keep(String call, int result) throws SystemCallException {
    int descriptor = check(call, result);
    open.add(descriptor);
    return descriptor;
  }

  private static int check(String call, int result) throws SystemCallException {
    if (result < 0) {
      throw new SystemCallException(call, -result);
    }
    return result;
  }

  /**
   * A mount of a file that this process sees, not mounted anywhere yet, and only to be read. To be
   * called before entering.
   *
   * @param mapped whether users are to be seen by the numbers of the visited process's user
   *     namespace, where the file's file system can do that
   * @return what {@link #putBeneath} and {@link #putOn} take
   */
  public int copy(Path file, boolean mapped) throws SystemCallException {
    int copy =
        keep("open_tree", calls.openTree(file.toString(), OPEN_TREE_CLONE | SystemCalls.O_CLOEXEC));
    int attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int result = calls.mountSetattr(copy, attributes, MS_PRIVATE, 0);
    if (result != -SystemCalls.ENOSYS) { // before Linux 5.12 it is as the mount that was copied
      check("mount_setattr", result);
    }
    if (mapped) {
      int users = open(process + "/ns/user", 0);
      int _ = calls.mountSetattr(copy, MOUNT_ATTR_IDMAP, 0, users);
    }
    return copy;
  }

  /** From here on this thread may change the mounts of the other process. */
  public void enter() throws SystemCallException {
    int _ = check("unshare", calls.unshare(CLONE_FS));
    int _ = check("setns", calls.setns(namespace, CLONE_NEWNS));
    // That made the other's root this thread's, too (fs/namespace.c:mntns_install).
    int _ = check("fchdir", calls.fchdir(own));
    int _ = check("chroot", calls.chroot("."));
    // What follows is reached from here, whatever /proc is in the container.
    int _ = check("fchdir", calls.fchdir(proc));
  }

  /**
   * The mount that the other process sees at a path.
   *
   * @param point as in its mountinfo
   */
  public Held visible(String point) throws SystemCallException {
    int mount = open("self/fd/" + root + point, SystemCalls.O_PATH | SystemCalls.O_NOFOLLOW);
    return new Held(mount, idOf(mount));
  }

  private long idOf(int descriptor) throws SystemCallException {
    int info = open("self/fdinfo/" + descriptor, 0);
    MemorySegment buffer = memory.allocate(512);
    int length = check("read", (int) calls.read(info, buffer));
    byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    Matcher id = MOUNT_ID.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    return id.find() ? Long.parseLong(id.group(1)) : -1;
  }

  /**
   * Mounts a copy beneath a mount.
   *
   * @throws SystemCallException EINVAL: before Linux 6.5 it can't be done, and never where the
   *     mount is locked, as those are that a user namespace was begun with
   */
  public void putBeneath(int copy, Held mount) throws SystemCallException {
    int _ =
        check(
            "move_mount",
            calls.moveMount(copy, mount.descriptor, MOVE_MOUNT_EMPTY_PATHS | MOVE_MOUNT_BENEATH));
  }

  /** Mounts a copy on a mount, which stays there, covered. */
  public void putOn(int copy, Held mount) throws SystemCallException {
    int _ = check("move_mount", calls.moveMount(copy, mount.descriptor, MOVE_MOUNT_EMPTY_PATHS));
  }

  /** Takes a mount away: what lies beneath is seen. Files of it that are open stay open. */
  public void detach(Held mount) throws SystemCallException {
    int _ = check("umount2", calls.umount2("self/fd/" + mount.descriptor, SystemCalls.MNT_DETACH));
  }

  @Override
  public void close() {
    open.forEach(calls::close);
    memory.close();
  }
}
