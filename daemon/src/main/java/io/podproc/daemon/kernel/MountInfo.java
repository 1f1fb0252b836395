// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The mounts that a process sees, {@code /proc/[pid]/mountinfo}
 * (fs/proc_namespace.c:show_mountinfo).
 *
 * @param mounts in the kernel's order
 */
public record MountInfo(List<Mount> mounts) {
  /** More than podproc's files in a container. A container may make mounts without end. */
  private static final int MOST = 1024;

  /** Some ten times of what a line has. */
  private static final int CHARACTERS = 512;

  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  /** What follows where the kernel has dropped the name of what is mounted. */
  private static final String DELETED = "//deleted";

  /**
   * A mount. Paths are texts: they need not be valid ones in the JVM's locale.
   *
   * @param id no other mount of the machine has it while this one is there
   * @param parent the id of the mount on which this one lies
   * @param device of the file system, as {@code 0:52}
   * @param root which part of the file system is mounted, as {@code /}
   * @param point where, as the process sees it
   * @param options of this mount, separated by commas
   * @param shared whether what is mounted on it is mounted elsewhere, too
   * @param type of the file system
   * @param source what the file system says it is made of; empty if nothing
   */
  public record Mount(
      long id,
      long parent,
      String device,
      String root,
      String point,
      String options,
      boolean shared,
      String type,
      String source) {
    public boolean has(String option) {
      return List.of(options.split(",", -1)).contains(option);
    }
  }

  /** The topmost mount that this process sees at a path; empty where none is. */
  public static Optional<Mount> ownAt(Path path) throws IOException {
    String point = path.toAbsolutePath().normalize().toString();
    return read(Path.of("/proc/self/mountinfo"), mount -> mount.point.equals(point)).at(point);
  }

  /**
   * Those mounts that are wanted; of very many, the first.
   *
   * @throws IOException the process is gone, or may not be looked at
   */
  public static MountInfo read(Path mountinfo, Predicate<Mount> wanted) throws IOException {
    try (BufferedReader reader = reader(mountinfo)) {
      return of(reader.lines(), wanted);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * As {@link #read}; empty where there are more mounts than are looked at.
   *
   * @param most how many mounts are looked at
   * @throws IOException the process is gone
   */
  public static Optional<MountInfo> read(Path mountinfo, int most, Predicate<Mount> wanted)
      throws IOException {
    return read(mountinfo, most, MOST, wanted);
  }

  /**
   * As {@link #read}, but all of those that are wanted; empty where there are more mounts than are
   * looked at.
   *
   * @param most how many mounts are looked at
   * @throws IOException the process is gone
   */
  public static Optional<MountInfo> readAll(Path mountinfo, int most, Predicate<Mount> wanted)
      throws IOException {
    return read(mountinfo, most, Integer.MAX_VALUE, wanted);
  }

  private static Optional<MountInfo> read(
      Path mountinfo, int most, int mostWanted, Predicate<Mount> wanted) throws IOException {
    List<Mount> mounts = new ArrayList<>();
    int lines = 0;
    long characters = (long) most * CHARACTERS;
    try (BufferedReader reader = reader(mountinfo)) {
      for (String line = reader.readLine();
          line != null && mounts.size() < mostWanted;
          line = reader.readLine()) {
        characters -= line.length();
        if (++lines > most || characters < 0) {
          return Optional.empty();
        }
        parseLine(line).filter(wanted).ifPresent(mounts::add);
      }
    }
    return Optional.of(new MountInfo(List.copyOf(mounts)));
  }

  /** The devices of all mounts. */
  public static Set<String> devices(Path mountinfo) throws IOException {
    try (BufferedReader reader = reader(mountinfo)) {
      return reader
          .lines()
          .map(MountInfo::parseLine)
          .flatMap(Optional::stream)
          .map(Mount::device)
          .collect(Collectors.toUnmodifiableSet());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static BufferedReader reader(Path mountinfo) throws IOException {
    // One that was made from the stream puts up with whatever is no UTF-8.
    return new BufferedReader(
        new InputStreamReader(Files.newInputStream(mountinfo), StandardCharsets.UTF_8));
  }

  static MountInfo of(Stream<String> lines, Predicate<Mount> wanted) {
    return new MountInfo(
        lines
            .map(MountInfo::parseLine)
            .flatMap(Optional::stream)
            .filter(wanted)
            .limit(MOST)
            .toList());
  }

  /** "ID PARENT MAJ:MIN ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE SUPEROPTIONS". */
  private static Optional<Mount> parseLine(String line) {
    int end = line.indexOf(" - ");
    String[] before = line.substring(0, Math.max(0, end)).split(" ", -1);
    if (before.length < 6) {
      return Optional.empty();
    }
    OptionalLong id = Numbers.parse(before[0]);
    OptionalLong parent = Numbers.parse(before[1]);
    if (id.isEmpty() || parent.isEmpty()) {
      return Optional.empty();
    }
    String[] after = line.substring(end + 3).split(" ", 3);
    return Optional.of(
        new Mount(
            id.getAsLong(),
            parent.getAsLong(),
            before[2],
            withoutMark(unescape(before[3])),
            unescape(before[4]),
            before[5],
            Arrays.stream(before, 6, before.length).anyMatch(field -> field.startsWith("shared:")),
            after[0],
            after.length < 2 ? "" : unescape(after[1])));
  }

  private static String withoutMark(String root) {
    return root.endsWith(DELETED) ? root.substring(0, root.length() - DELETED.length()) : root;
  }

  /** Blanks, tabs, ends of lines and backslashes are written as \040 and the like. */
  private static String unescape(String text) {
    return text.indexOf('\\') < 0
        ? text
        : OCTAL
            .matcher(text)
            .replaceAll(octal ->
                Matcher.quoteReplacement(
                    String.valueOf((char) Integer.parseInt(octal.group(1), 8))));
  }

  /** The topmost of these at a path; empty where none is. */
  public Optional<Mount> at(String point) {
    return mounts.stream()
        .filter(mount -> mount.point.equals(point) && !isCovered(mount))
        .findFirst();
  }

  /** The one with an id. */
  public Optional<Mount> byId(long id) {
    return mounts.stream().filter(mount -> mount.id == id).findFirst();
  }

  /** Whether another of these mounts lies on this one and hides it. */
  public boolean isCovered(Mount mount) {
    return mounts.stream()
        .anyMatch(other ->
            other.parent == mount.id && other.id != mount.id && other.point.equals(mount.point));
  }
}
