// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The daemon calls the kernel by numbers and lays out structures itself, for each processor that
 * there is an image for. The C library's headers say what is right.
 */
class NumbersIT {
  private static final Path SOURCES =
      Machine.checkout().resolve("daemon/src/main/java/io/podproc/daemon/linux");

  private static final List<String> CLASSES =
      List.of("Errno", "MountCalls", "ProcessCalls", "Statx", "SystemCalls");

  /** Of Linux 6.5, which the headers of Debian 12 are older than. */
  private static final String NEWER = "MOVE_MOUNT_BENEATH";

  /** A name, and the number of arm64 and of others, or one for all. */
  private static final Pattern CONSTANT =
      Pattern.compile(
          "static final (?:int|short) (\\w+) =\\s+(?:Syscall[.]ARM \\? (\\w+) : )?([-\\w| ]+);");

  /** What is not as in C: there it is the name of something else, or has none. */
  private static final Map<String, String> OWN =
      Map.of(
          "STATX_SIZE", "sizeof(struct statx)",
          "STATX_MODE_AT", "offsetof(struct statx, stx_mode)",
          "STATX_NLINK_AT", "offsetof(struct statx, stx_nlink)",
          "STATX_UID_AT", "offsetof(struct statx, stx_uid)",
          "STATX_GID_AT", "offsetof(struct statx, stx_gid)",
          "LOCK_EX_NB", "LOCK_EX | LOCK_NB",
          "MOVE_MOUNT_EMPTY_PATHS", "MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH");

  private static final List<String> HEADERS =
      List.of(
          "errno.h",
          "fcntl.h",
          "linux/fuse.h",
          "linux/openat2.h",
          "poll.h",
          "sched.h",
          "signal.h",
          "stddef.h",
          "sys/file.h",
          "sys/inotify.h",
          "sys/mount.h",
          "sys/resource.h",
          "sys/stat.h",
          "sys/syscall.h",
          "time.h");

  /** Where the daemon reads and writes the fields of structures. */
  private static final List<String> LAYOUTS =
      List.of(
          "sizeof(struct pollfd) == 8 && offsetof(struct pollfd, events) == 4",
          "offsetof(struct pollfd, revents) == 6 && sizeof(short) == 2",
          "sizeof(struct timespec) == 16 && offsetof(struct timespec, tv_nsec) == 8",
          "sizeof(struct flock) == 32 && offsetof(struct flock, l_pid) == 24",
          "sizeof(struct open_how) == 24 && offsetof(struct open_how, resolve) == 16",
          "sizeof(struct rlimit) == 16 && offsetof(struct rlimit, rlim_cur) == 0",
          "sizeof(struct inotify_event) == 16 && offsetof(struct inotify_event, len) == 12",
          "offsetof(struct dirent64, d_reclen) == 16 && offsetof(struct dirent64, d_name) == 19",
          "sizeof(struct fuse_in_header) == 40 && sizeof(struct fuse_out_header) == 16",
          "sizeof(struct fuse_attr) == 88 && FUSE_DEV_IOC_CLONE == 0x8004e500");

  @ParameterizedTest
  @CsvSource({"x86_64-linux-gnu-gcc, 3", "aarch64-linux-gnu-gcc, 2"})
  void the_numbers_are_those_of_the_c_library(String compiler, int group, @TempDir Path folder)
      throws IOException {
    Requirements.tool(compiler);
    StringBuilder program = new StringBuilder("#define _GNU_SOURCE\n");
    HEADERS.forEach(header -> program.append("#include <").append(header).append(">\n"));
    program.append("#include <dirent.h>\n");
    LAYOUTS.forEach(layout -> program.append("_Static_assert(%s, \"\");\n".formatted(layout)));
    List<MatchResult> constants =
        CLASSES.stream()
            .map(name -> Machine.read(SOURCES.resolve(name + ".java")))
            .flatMap(source -> CONSTANT.matcher(source).results())
            .filter(constant -> !constant.group(1).equals(NEWER))
            .toList();
    assertThat(constants).hasSizeGreaterThan(90);
    constants.forEach(constant -> program.append(check(constant, group)));
    Path file = Files.writeString(folder.resolve("numbers.c"), program);
    Output told = Command.run(compiler, "-fsyntax-only", file.toString());
    assertThat(told.text()).isEmpty();
    assertThat(told.status()).isZero();
  }

  private static String check(MatchResult constant, int group) {
    String name = constant.group(1);
    String number = constant.group(group) == null ? constant.group(3) : constant.group(group);
    String call = "SYS_" + name.toLowerCase(java.util.Locale.ROOT);
    return """
    #if defined %s
    _Static_assert(%1$s == %2$s, "%1$s");
    #else
    _Static_assert((%3$s) == (%2$s), "%4$s");
    #endif
    """
        .formatted(call, number, OWN.getOrDefault(name, name), name);
  }
}
