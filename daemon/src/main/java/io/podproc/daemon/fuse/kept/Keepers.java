// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.ProcessCalls;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The processes that hold /dev/fuse open and do nothing else ({@code podproc-keeper}, keeper.c). A
 * connection lasts for as long as one process holds it: theirs is there while no daemon is.
 *
 * @param directory where each has a file that is named {@code keeper-PID}, or {@code leaving-PID}
 *     once its pod was told to end. A keeper has a lock on its file, which the kernel takes from it
 *     when it dies: a pid alone may be another process's by now
 * @param mountPoint of the daemons, by which their mounts are known
 */
record Keepers(Path directory, Path mountPoint) {
  /** What their files are named before the pid, of those that stay and of those that leave. */
  private static final String STAYS = "keeper-";

  private static final String LEAVES = "leaving-";

  /** Which of a keeper's descriptors it is. */
  private static final int DESCRIPTOR = 3;

  /** What a keeper's file has room for, besides the end of its line. */
  private static final int ROOM = 4095;

  /** A keeper that lives. */
  private record Keeper(int pid, Path file, FileTime begun) {}

  /**
   * The pids of those that stay, the youngest's first: of two the older one is about to be
   * replaced. Of those that ended no file is left.
   */
  List<Integer> pids(SystemCalls calls) throws IOException {
    return living(calls, STAYS).stream().map(Keeper::pid).toList();
  }

  private List<Keeper> living(SystemCalls calls, String prefix) throws IOException {
    List<Keeper> living = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, prefix + "*")) {
      for (Path file : files) {
        String pid = file.getFileName().toString().substring(prefix.length());
        if (!pid.matches("[1-9][0-9]{0,8}")) {
          Files.deleteIfExists(file);
          continue;
        }
        Keeper keeper = new Keeper(Integer.parseInt(pid), file, Files.getLastModifiedTime(file));
        if (lives(calls, keeper)) {
          living.add(keeper);
        } else if (told(calls, file).isEmpty()) {
          Files.deleteIfExists(file);
        } // else the next keeper sees to what this one held
      }
    }
    living.sort(Comparator.comparing(Keeper::begun).reversed());
    return living;
  }

  private static boolean isLocked(SystemCalls calls, Keeper keeper) {
    int file = open(calls, keeper.file);
    if (file < 0) {
      return false;
    }
    try {
      return calls.lockHolder(file) == keeper.pid;
    } finally {
      int _ = calls.close(file);
    }
  }

  private static int open(SystemCalls calls, Path file) {
    return calls.open(
        file.toString(), SystemCalls.O_RDWR | SystemCalls.O_NOFOLLOW | SystemCalls.O_CLOEXEC);
  }

  /** A shell, which took no lock: until all nodes have had this version once. */
  private static boolean isOfBefore(Keeper keeper) {
    Path process = Path.of("/proc", Integer.toString(keeper.pid));
    try {
      String command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
      // The device not by its name, which in another container's file system may be any.
      return command.contains("sh\0")
          && command.contains("podproc-keeper")
          && Files.getAttribute(process.resolve("fd/" + DESCRIPTOR), "unix:rdev")
              .equals(Files.getAttribute(FuseMount.DEVICE, "unix:rdev"));
    } catch (IOException e) {
      return false; // it ended, and its number may be another process's
    }
  }

  /** What a keeper's file says that it holds, as {@link #tell} writes it. */
  private static Optional<String> told(SystemCalls calls, Path path) {
    int file = open(calls, path);
    if (file < 0) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(ROOM);
      int length = (int) Math.max(0, calls.read(file, buffer));
      byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
      return Optional.of(new String(bytes, StandardCharsets.UTF_8).strip())
          .filter(text -> !text.isEmpty());
    } finally {
      int _ = calls.close(file);
    }
  }

  /**
   * Tells a keeper which connection it holds: what it is to end, and whose mounts it is to take
   * away, where no daemon comes back.
   */
  void tell(int pid, String number) {
    try {
      // In the room that the keeper made: to truncate first could leave it nothing on a full disk.
      byte[] line = new byte[ROOM + 1];
      Arrays.fill(line, (byte) ' ');
      line[ROOM] = '\n';
      byte[] text = text(number).getBytes(StandardCharsets.UTF_8);
      System.arraycopy(text, 0, line, 0, text.length);
      Files.write(directory.resolve(STAYS + pid), line, StandardOpenOption.WRITE);
    } catch (IOException e) {
      Log.warn("keeper %d can't be told what it holds: %s", pid, e.getMessage());
    }
  }

  /**
   * What a keeper is told of a connection. The number of its device may be another's once it has no
   * mount: so the source of what is mounted, as mountinfo writes it, goes with it.
   *
   * @param number of the device that is mounted, as {@code 0:57}
   */
  String text(String number) {
    String source =
        mountPoint
            .normalize()
            .toString()
            .replace("\\", "\\134")
            .replace(" ", "\\040")
            .replace("\t", "\\011")
            .replace("\n", "\\012");
    String text = number + " " + source;
    return text.getBytes(StandardCharsets.UTF_8).length <= ROOM ? text : number;
  }

  /**
   * What they hold, those that leave last. A descriptor that can't be copied is left out, and told.
   */
  Holds holds(SystemCalls calls) throws IOException, MountException {
    Holds holds = new Holds(calls, this);
    try {
      List<Keeper> all = new ArrayList<>(living(calls, STAYS));
      all.addAll(living(calls, LEAVES));
      for (Keeper keeper : all) {
        int copy = copyOf(calls, keeper);
        if (copy >= 0) {
          holds.add(keeper.pid, copy, told(calls, keeper.file));
        } else if (copy == -Errno.ENOSYS) {
          Log.warn(
              "keeper %d holds nothing: this kernel can't copy its descriptor (pidfd_getfd, Linux"
                  + " 5.6)",
              keeper.pid);
        } else if (copy != -Errno.ESRCH && copy != -Errno.EBADF) { // else it has ended
          Log.warn("keeper %d holds nothing: error %d of pidfd_getfd(2)", keeper.pid, -copy);
        }
      }
      return holds;
    } catch (MountException e) {
      holds.close();
      throw e;
    }
  }

  private static int copyOf(SystemCalls calls, Keeper keeper) {
    int process = calls.processes().pidfd(keeper.pid);
    if (process < 0) {
      return process;
    }
    try {
      return lives(calls, keeper) ? calls.processes().copyOf(process, DESCRIPTOR) : -Errno.ESRCH;
    } finally {
      int _ = calls.close(process);
    }
  }

  /** With a descriptor of its process: once it was looked at, that can't be another's. */
  private static boolean lives(SystemCalls calls, Keeper keeper) {
    return isLocked(calls, keeper) || isOfBefore(keeper);
  }

  /** Has a keeper end its connection, and begin anew with a descriptor of no connection. */
  void end(SystemCalls calls, int pid) {
    int process = calls.processes().pidfd(pid);
    if (process < 0) {
      return;
    }
    try {
      for (String prefix : List.of(STAYS, LEAVES)) {
        Keeper keeper = new Keeper(pid, directory.resolve(prefix + pid), FileTime.fromMillis(0));
        if (lives(calls, keeper)) {
          int _ = calls.processes().signal(process, ProcessCalls.SIGHUP);
          return;
        }
      }
    } finally {
      int _ = calls.close(process);
    }
  }
}
