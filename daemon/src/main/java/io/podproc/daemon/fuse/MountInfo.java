// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The mounts that this process sees, {@code /proc/self/mountinfo}
 * (fs/proc_namespace.c:show_mountinfo).
 */
record MountInfo(List<Mount> mounts) {
  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  /** Where something is mounted, and of which file system type. */
  record Mount(Path point, String type) {}

  static MountInfo own() throws IOException {
    return parse(Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8));
  }

  static MountInfo parse(String text) {
    return new MountInfo(text.lines().map(MountInfo::parseLine).flatMap(Optional::stream).toList());
  }

  /** "ID PARENT MAJ:MIN ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE SUPEROPTIONS". */
  private static Optional<Mount> parseLine(String line) {
    String[] halves = line.split(" - ", 2);
    String[] before = halves[0].split(" ", -1);
    if (halves.length < 2 || before.length < 6) {
      return Optional.empty();
    }
    return Optional.of(new Mount(Path.of(unescape(before[4])), halves[1].split(" ", 2)[0]));
  }

  /** Blanks, tabs, ends of lines and backslashes are written as \040 and the like. */
  private static String unescape(String text) {
    return OCTAL
        .matcher(text)
        .replaceAll(octal ->
            Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(octal.group(1), 8))));
  }

  /** The type of the topmost mount at a path; empty where none is. */
  Optional<String> typeAt(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    return mounts.reversed().stream()
        .filter(mount -> mount.point.equals(absolute))
        .findFirst()
        .map(Mount::type);
  }
}
