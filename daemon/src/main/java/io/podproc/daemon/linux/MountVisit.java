// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.nio.file.Path;

/**
 * A visit to the mount namespace of another process, in which mounts are attached, exchanged and
 * detached. No program of that process's file system is run, and no file system of it is asked for
 * anything: one that no server answers for can't hold the visit up.
 *
 * <p>It is used by one thread at a time. {@link #enter} makes a thread of it that can't go back,
 * and must end. Its root directory stays this process's: the JVM may load a class or a library in
 * any thread at any time, and ends where it finds, in a container's file system, no libzip.so of
 * its own.
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
  private static final int MOUNT_ATTR_NOATIME = 0x10;
  private static final int MOUNT_ATTR_ATIMES = 0x70;
  private static final int MOUNT_ATTR_IDMAP = 0x100000;

  private final HeldDescriptors descriptors = new HeldDescriptors();
  private final MountLookup lookup;
  private final int proc;
  private final int own;
  private final int process;
  private final Held root;
  private final int namespace;

  /**
   * A mount, held fast: whatever is mounted or renamed meanwhile, this one is meant.
   *
   * @param id as in mountinfo
   */
  public record Held(int descriptor, long id) {}

  /**
   * Prepares a visit; {@link #enter} makes it. From here on the process is meant that has the pid
   * now, and none that gets it later.
   *
   * @param procRoot where the host's /proc is seen
   * @param pid whose namespace it is
   */
  public MountVisit(Path procRoot, int pid) throws SystemCallException {
    int directory = SystemCalls.O_PATH | SystemCalls.O_DIRECTORY;
    try {
      proc =
          descriptors.keep(
              "open", calls().open(procRoot.toString(), directory | SystemCalls.O_CLOEXEC));
      own = descriptors.open(proc, "/", directory);
      process = descriptors.open(proc, Integer.toString(pid), directory);
      lookup = new MountLookup(descriptors, proc);
      root = lookup.held(descriptors.open(process, "root", directory));
      namespace = descriptors.open(process, "ns/mnt", SystemCalls.O_RDONLY);
    } catch (SystemCallException e) {
      close();
      throw e;
    }
  }

  private static SystemCalls calls() {
    return SystemCalls.ofThread();
  }

  // ---- before entering ----

  /** Where a file of the process itself is, as {@code mountinfo}. It ends with the visit. */
  public Path file(String name) {
    return Path.of("/proc/self/fd/" + process, name);
  }

  /** Which mount namespace it is, as {@code mnt:[4026531841]}. */
  public Path namespace() {
    return Path.of("/proc/self/fd/" + namespace);
  }

  /**
   * Has it be this visit's turn in that namespace, until it is closed or its process dies; false
   * where it is another's, whatever process that is of. The lock is the kernel's, on the namespace
   * itself (nsfs has one inode for each): it takes no file that both would have to know.
   */
  public boolean takeTurn() throws SystemCallException {
    int result = calls().lock(namespace);
    return result != -Errno.EAGAIN && SystemCallException.check("flock", result) == 0;
  }

  /** The mount at whose root, or below, the process's root directory is. */
  public Held root() {
    return root;
  }

  /**
   * A mount of a file that this process sees, not mounted anywhere yet, and only to be read. To be
   * called before entering. Who serves the file is asked for nothing that the kernel knows.
   *
   * @param mapped whether users are to be seen by the numbers of the visited process's user
   *     namespace, where the file's file system can do that. Else they are nobody there, as the
   *     kernel's own files show them (fs/proc/inode.c:proc_get_inode)
   * @param marked whether it says {@code noatime}, which changes nothing of a file that is served,
   *     and which no runtime says
   * @return what {@link #putBeneath} and {@link #putOn} take
   * @throws SystemCallException ELOOP: it is a link, as nothing serves it
   */
  public int copy(Path file, boolean mapped, boolean marked) throws SystemCallException {
    int flags = OPEN_TREE_CLONE | MountCalls.AT_SYMLINK_NOFOLLOW | SystemCalls.O_CLOEXEC;
    int copy = descriptors.keep("open_tree", calls().mounts().openTree(file.toString(), flags));
    if (calls().statx().isLink(copy)) {
      throw new SystemCallException("open_tree", Errno.ELOOP);
    }
    int attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int result =
        marked
            ? calls()
                .mounts()
                .mountSetattr(
                    copy, attributes | MOUNT_ATTR_NOATIME, MOUNT_ATTR_ATIMES, MS_PRIVATE, 0)
            : calls().mounts().mountSetattr(copy, attributes, 0, MS_PRIVATE, 0);
    // Before Linux 5.12 it is as the mount that was copied, which does where that lay before.
    if (marked || result != -Errno.ENOSYS) {
      SystemCallException.check("mount_setattr", result);
    }
    if (mapped) {
      int users = descriptors.open(process, "ns/user", SystemCalls.O_RDONLY);
      int _ = calls().mounts().mountSetattr(copy, MOUNT_ATTR_IDMAP, 0, 0, users);
    }
    return copy;
  }

  // ---- what is seen ----

  /**
   * The mount that the process sees at a path, without asking a file system for anything. Symbolic
   * links are not followed.
   *
   * @param point as in its mountinfo
   * @throws SystemCallException EAGAIN: that can't be told; ENOSYS, EINVAL: nor can it be before
   *     Linux 5.6 and 5.12
   */
  public Held visible(String point) throws SystemCallException {
    return lookup.visible(root, point);
  }

  /** As {@link #visible}, but file systems on the way are asked, which then must be trusted. */
  public Held ask(String point) throws SystemCallException {
    return lookup.ask(root, point);
  }

  /**
   * A file of a mount itself, which must be one of a file system that answers.
   *
   * @param path relative to what is held
   * @throws SystemCallException EXDEV: something is mounted there, or on the way
   */
  public Held within(Held directory, String path) throws SystemCallException {
    return lookup.within(directory, path);
  }

  /**
   * The mount that is seen at a file of a mount, which must be one of a file system that answers.
   *
   * @param path relative to what is held
   * @throws SystemCallException EXDEV: something is mounted on the way, which before Linux 5.6
   *     can't be told
   */
  public Held mountedIn(Held directory, String path) throws SystemCallException {
    return lookup.mountedIn(directory, path);
  }

  // ---- what is done there ----

  /** From here on this thread may change the mounts of the other process. */
  public void enter() throws SystemCallException {
    int _ = SystemCallException.check("unshare", calls().mounts().unshare(CLONE_FS));
    int _ = SystemCallException.check("setns", calls().mounts().setns(namespace, CLONE_NEWNS));
    // That made the other's root this thread's, too (fs/namespace.c:mntns_install).
    int _ = SystemCallException.check("fchdir", calls().mounts().fchdir(own));
    int _ = SystemCallException.check("chroot", calls().mounts().chroot("."));
    // What follows is reached from here, whatever /proc is in the container.
    int _ = SystemCallException.check("fchdir", calls().mounts().fchdir(proc));
  }

  /**
   * Mounts a copy beneath a mount.
   *
   * @throws SystemCallException EINVAL: before Linux 6.5 it can't be done, and never where the
   *     mount is locked, as those are that a user namespace was begun with
   */
  public void putBeneath(int copy, Held mount) throws SystemCallException {
    int _ =
        SystemCallException.check(
            "move_mount",
            calls()
                .mounts()
                .moveMount(
                    copy,
                    mount.descriptor,
                    MountCalls.MOVE_MOUNT_EMPTY_PATHS | MountCalls.MOVE_MOUNT_BENEATH));
  }

  /** Mounts a copy on a mount, or on a file, which stays there, covered. */
  public void putOn(int copy, Held mount) throws SystemCallException {
    int _ =
        SystemCallException.check(
            "move_mount",
            calls().mounts().moveMount(copy, mount.descriptor, MountCalls.MOVE_MOUNT_EMPTY_PATHS));
  }

  /** Takes a mount away: what lies beneath is seen. Files of it that are open stay open. */
  public void detach(Held mount) throws SystemCallException {
    int _ =
        SystemCallException.check(
            "umount2",
            calls().mounts().umount2("self/fd/" + mount.descriptor, MountCalls.MNT_DETACH));
  }

  /**
   * Mounts what is mounted once more, without what lies on it, in a directory that is made for it,
   * and in which only the container's root can look.
   *
   * @param above a directory of a file system that answers
   * @param path in that, of two names
   */
  public void keepUncovered(Held mount, Held above, String path) throws SystemCallException {
    int copy =
        descriptors.keep(
            "open_tree",
            calls().mounts().openTree(mount.descriptor, OPEN_TREE_CLONE | SystemCalls.O_CLOEXEC));
    int _ =
        SystemCallException.check(
            "mount_setattr", calls().mounts().mountSetattr(copy, 0, 0, MS_PRIVATE, 0));
    // Where a user namespace has its own numbers, nobody else can make one
    // (fs/namei.c:may_o_create).
    calls().processes().becomeOwner(calls().statx().owner(above.descriptor));
    try {
      int _ = calls().makeDirectory(above.descriptor, parent(path), 0700);
      int _ = calls().makeDirectory(above.descriptor, path, 0700);
      putOn(copy, lookup.within(above, path));
    } finally {
      calls().processes().becomeOwner(Owner.ROOT);
    }
  }

  private static String parent(String path) {
    return path.substring(0, path.indexOf('/'));
  }

  /** Takes away the directories that {@link #keepUncovered} made, if there is nothing in them. */
  public void removeDirectories(Held above, String path) {
    calls().processes().becomeOwner(calls().statx().owner(above.descriptor));
    int _ = calls().removeDirectory(above.descriptor, path);
    int _ = calls().removeDirectory(above.descriptor, parent(path));
    calls().processes().becomeOwner(Owner.ROOT);
  }

  @Override
  public void close() {
    descriptors.close();
  }
}
