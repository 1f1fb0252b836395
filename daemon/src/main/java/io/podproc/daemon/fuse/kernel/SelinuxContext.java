// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;

/**
 * The label that the mounted files get where SELinux decides who may read what. Without one they
 * have what the policy says of all FUSE (fusefs_t), which containers may or may not read.
 *
 * @param wanted as {@code system_u:object_r:container_file_t:s0}; empty: the policy's own
 */
public record SelinuxContext(Optional<String> wanted) {
  /**
   * The kernel lists SELinux's file system where it was booted with SELinux
   * (security/selinux/selinuxfs.c:init_sel_fs), to containers as well, which do not see it mounted.
   */
  private static final Path FILE_SYSTEMS = Path.of("/proc/filesystems");

  /**
   * The label of this process: a context, or before a policy was loaded the bare name of an initial
   * one, such as "kernel" (security/selinux/ss/services.c:security_sid_to_context_core).
   */
  private static final Path OWN_LABEL = Path.of("/proc/self/attr/current");

  private static final int CLONE_NEWNS = 0x20000;
  private static final int MS_REC = 1 << 14;
  private static final int MS_PRIVATE = 1 << 18;

  /** What to mount with, as {@code ,context=…}; empty where there is no SELinux or no use in it. */
  public String option(Path mountPoint) throws MountException, InterruptedException {
    if (wanted.isEmpty() || !isOn(FILE_SYSTEMS, OWN_LABEL)) {
      return "";
    }
    String option = ",context=" + wanted.get();
    int error = tryOut(mountPoint, option);
    if (error < 0) {
      Log.warn(
          "SELinux refuses the label %s (error %d of mount(2)): the files have its policy's own for"
              + " FUSE, which containers may not be allowed to read (podproc.selinux-context)",
          wanted.get(), -error);
      return "";
    }
    return option;
  }

  /** Whether there is a policy: without one the kernel decides nothing, and takes no label. */
  static boolean isOn(Path fileSystems, Path ownLabel) {
    return isThere(fileSystems) && hasPolicy(ownLabel);
  }

  private static boolean hasPolicy(Path ownLabel) {
    try {
      return Files.readString(ownLabel, StandardCharsets.ISO_8859_1).contains(":");
    } catch (IOException e) {
      return true; // can't be told: then trying will tell
    }
  }

  private static boolean isThere(Path fileSystems) {
    try (Stream<String> lines = Files.lines(fileSystems, StandardCharsets.ISO_8859_1)) {
      return lines.anyMatch(line -> line.endsWith("\tselinuxfs"));
    } catch (IOException | UncheckedIOException e) {
      return false; // no /proc: there will be more to say of that
    }
  }

  /**
   * Mounts where nobody sees it. Some kernels refuse a label only when the descriptor is used up
   * (fs/super.c:vfs_get_tree), and that may be the keeper's.
   *
   * @return 0, or -errno
   */
  private static int tryOut(Path mountPoint, String option)
      throws MountException, InterruptedException {
    FutureTask<Integer> trial =
        new FutureTask<>(() -> {
          try (Arena arena = Arena.ofConfined()) {
            SystemCalls calls = new SystemCalls(arena);
            int error = calls.mounts().unshare(CLONE_NEWNS);
            if (error == 0) {
              error = calls.mounts().mount("none", "/", "none", MS_REC | MS_PRIVATE, "");
            }
            if (error < 0) {
              return error;
            }
            int device = Connection.open(calls);
            error = Connection.tryMount(calls, device, mountPoint, option);
            int _ = calls.close(device);
            return error;
          }
        });
    Thread.ofPlatform().daemon().name("selinux").start(trial).join(); // its namespace ends with it
    try {
      return trial.get();
    } catch (ExecutionException e) {
      throw new MountException("SELinux's label can't be tried: " + e.getCause());
    }
  }
}
