// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The processes that hold /dev/fuse open and do nothing else ({@code podproc-keeper}). A connection
 * lasts for as long as one process holds it: theirs is there while no daemon is.
 *
 * @param directory where each has a file that is named {@code keeper-PID}
 */
record Keepers(Path directory) {
  private static final String PREFIX = "keeper-";

  /** Which of a keeper's descriptors it is. */
  private static final int DESCRIPTOR = 3;

  /**
   * Their pids, the youngest's first: of two the older one is about to be replaced. Of those that
   * ended no file is left.
   */
  List<Integer> pids() throws IOException {
    Map<Integer, FileTime> begun = new HashMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path file : files) {
        String pid = file.getFileName().toString().substring(PREFIX.length());
        if (pid.matches("[1-9][0-9]{0,8}") && holdsDevice(pid)) {
          begun.put(Integer.valueOf(pid), Files.getLastModifiedTime(file));
        } else {
          Files.deleteIfExists(file);
        }
      }
    }
    return begun.entrySet().stream()
        .sorted((one, other) -> other.getValue().compareTo(one.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static boolean holdsDevice(String pid) {
    try {
      // Not by its name, which in another container's file system may be any.
      return Files.getAttribute(Path.of("/proc", pid, "fd", "" + DESCRIPTOR), "unix:rdev")
          .equals(Files.getAttribute(FuseMount.DEVICE, "unix:rdev"));
    } catch (IOException e) {
      return false; // it ended, and its number may be another process's
    }
  }

  /** What they hold. A descriptor that can't be copied is left out, and told. */
  Holds holds(SystemCalls calls) throws IOException, MountException {
    Holds holds = new Holds(calls);
    try {
      for (int pid : pids()) {
        int copy = calls.copyOf(pid, DESCRIPTOR);
        if (copy >= 0) {
          holds.add(pid, copy);
        } else if (copy == -SystemCalls.ENOSYS) {
          Log.warn(
              "keeper %d holds nothing: this kernel can't copy its descriptor (pidfd_getfd, Linux"
                  + " 5.6)",
              pid);
        } else if (copy != -SystemCalls.ESRCH && copy != -SystemCalls.EBADF) { // else it has ended
          Log.warn("keeper %d holds nothing: error %d of pidfd_getfd(2)", pid, -copy);
        }
      }
      return holds;
    } catch (MountException e) {
      holds.close();
      throw e;
    }
  }
}
