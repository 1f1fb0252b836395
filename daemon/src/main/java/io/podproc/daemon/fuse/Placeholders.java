// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * What lies beneath the mount, on the node's own disk: links of the same names to the host's files.
 * They are what a container finds that starts while no daemon serves.
 */
public final class Placeholders {
  private Placeholders() {}

  /**
   * Lays the placeholders that are missing. What is in the way gives way where it is empty or
   * another link: a container runtime may have made a directory of a file's name. What holds
   * something stays.
   *
   * @param mountPoint a directory where nothing of podproc's is mounted
   * @return what went wrong, a line for each placeholder that is not laid
   */
  public static List<String> lay(Path mountPoint, VirtualTree tree) {
    List<String> failures = new ArrayList<>();
    for (VirtualTree.File file : tree.files()) {
      Path host = Path.of(file.path());
      if (!Files.exists(host)) {
        continue; // not every kernel has /proc/pressure
      }
      try {
        lay(mountPoint, host);
      } catch (IOException e) {
        failures.add(e.toString());
      }
    }
    return failures;
  }

  private static void lay(Path mountPoint, Path host) throws IOException {
    Path path = mountPoint;
    int directories = host.getNameCount() - 1;
    for (int i = 0; i < directories; i++) {
      path = path.resolve(host.getName(i));
      makeDirectory(path);
    }
    link(path.resolve(host.getName(directories)), host);
  }

  private static void makeDirectory(Path directory) throws IOException {
    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    makeWay(directory);
    Files.createDirectory(directory);
    // Whatever the umask: who looks need not be root.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void link(Path placeholder, Path host) throws IOException {
    if (Files.isSymbolicLink(placeholder) && Files.readSymbolicLink(placeholder).equals(host)) {
      return;
    }
    makeWay(placeholder);
    Files.createSymbolicLink(placeholder, host);
  }

  private static void makeWay(Path path) throws IOException {
    boolean holdsText =
        Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.size(path) > 0;
    if (holdsText) {
      throw new FileAlreadyExistsException(path.toString());
    }
    Files.deleteIfExists(path); // refuses a directory that holds something
  }
}
