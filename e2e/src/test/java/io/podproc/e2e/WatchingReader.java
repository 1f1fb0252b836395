// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Reads files in the background of a container, and says what it sees whenever that changes. */
record WatchingReader(Path log, List<String> files) {
  /** Files that tell whose view they are: a reader of nothing else misses no short gap. */
  static final List<String> TELLING = List.of("/proc/meminfo", "/sys/devices/system/cpu/online");

  /**
   * Reads files for ever, in any shell. It says what it sees at each whenever that has changed:
   * live (the container's), host, or dead (an error).
   */
  private static final String READER =
      """
      while :; do
        i=0
        for file; do
          i=$((i + 1))
          if read -r line <"$file"; then
            case $file=$line in
              */proc/meminfo=*' 98304 kB' | */cpu/online=0) now=live ;;
              */proc/meminfo=* | */cpu/online=*) now=host ;;
              *) now=live ;;
            esac
          else
            now=dead
          fi
          eval "before=\\${before$i:-}"
          [ "$now" = "$before" ] || echo "$file $now"
          eval "before$i=$now"
        done
      done
      """;

  /** In the container itself. */
  static final String PLAIN = "exec bash $reader $files";

  /** In a namespace of its own, where there is one program and no mount(8). */
  static final String DISTROLESS =
      """
      exec unshare --mount --propagation private bash -ec '
        mkdir -p $folder/root
        mount -t tmpfs root $folder/root
        cd $folder/root
        mkdir proc sys old
        cp $(type -P busybox) busybox
        cp $reader reader
        mount -t proc proc proc
        mount --rbind /sys sys
        for file in $files; do mount --bind $served$file .$file; done
        pivot_root . old
        cd /
        ./busybox umount -l old
        exec ./busybox sh /reader $files'
      """;

  /** In a namespace whose first process sees a directory of it only. */
  static final String JAILED =
      """
      exec unshare --mount --propagation private bash -ec '
        mkdir -p $folder/jail
        cp $(type -P busybox) $folder/jail/busybox
        bash $reader $files &
        exec chroot $folder/jail /busybox sleep 1000'
      """;

  /** In a user namespace that made its mounts itself, as runtimes do. */
  static final String USERS =
      """
      exec unshare --user --map-root-user --mount bash -ec '
        mount --rbind /proc /proc
        mount --rbind /sys /sys
        for file in $files; do mount --bind $served$file $file; done
        exec bash $reader $files'
      """;

  /** In a user namespace that found its mounts there: they are locked. */
  static final String LOCKED = "exec unshare --user --map-root-user --mount bash $reader $files";

  /** In a user namespace to which its runtime gave the files by id-mapped mounts. */
  static final String MAPPED =
      """
      chmod 755 $folder # for root of that namespace, who is nobody here
      exec /usr/bin/python3 -I -S $checkout/e2e/src/test/resources/idmapped.py $served $files -- \\
        bash $reader $files
      """;

  /** In a pod that found the symlinks to the host's files where the daemon's should have been. */
  static final String PLACEHOLDERS =
      """
      mkdir -p $folder/host
      exec unshare --mount --propagation private --pid --fork bash -ec '
        mount --bind /proc $folder/host
        mount -t proc proc /proc
        for file in $files; do
          case $file in
            /proc/*) mount --bind $folder/host/${file#/proc/} $file ;;
            *) mount --bind $file $file ;;
          esac
          mount -o remount,bind,ro $file
        done
        exec bash $reader $files'
      """;

  /** Starts one, in one of the environments above. */
  static WatchingReader start(
      Path folder,
      Container container,
      DaemonProcess daemon,
      List<String> files,
      String environment) {
    try {
      Path loop = folder.resolve("reader");
      if (!Files.exists(loop)) { // once: a shell that just begins with it would find it empty
        Files.writeString(loop, READER);
      }
      Path script = Files.createTempFile(folder, "script", "");
      Path log = Files.createTempFile(folder, "log", "");
      Files.writeString(
          script,
          "export folder=%s checkout=%s served=%s reader=%s files='%s'\n%s"
              .formatted(
                  folder,
                  Machine.checkout(),
                  daemon.mountPoint(),
                  loop,
                  String.join(" ", files),
                  environment));
      String _ = container.run("bash " + script + " >" + log + " 2>/dev/null &").ok();
      return new WatchingReader(log, files);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those files of a daemon whose first line can be read. */
  static List<String> files(DaemonProcess daemon, Predicate<String> wanted) {
    return daemon.files().stream()
        .filter(file -> !file.equals("/proc/diskstats")) // empty until a disk is used
        .filter(wanted)
        .toList();
  }

  /** What it has seen at each file, in order. */
  Map<String, List<String>> seen() {
    Map<String, List<String>> seen = new LinkedHashMap<>();
    Machine.read(log)
        .lines()
        .map(line -> line.split(" ", 2))
        .filter(words -> words.length == 2)
        .forEach(words -> seen.computeIfAbsent(words[0], file -> new ArrayList<>()).add(words[1]));
    return seen;
  }

  private boolean sees(String state) {
    Map<String, List<String>> seen = seen();
    return files.stream()
        .allMatch(file -> seen.getOrDefault(file, List.of("")).getLast().equals(state));
  }

  static void await(List<WatchingReader> readers, String state) {
    try {
      Command.await(
          "all files are " + state,
          Machine.deadline(15),
          () -> readers.stream().allMatch(reader -> reader.sees(state)));
    } catch (AssertionError e) {
      readers.forEach(reader -> System.err.println(reader.seen()));
      throw e;
    }
  }

  static void assertSaw(List<WatchingReader> readers, String... states) {
    for (WatchingReader reader : readers) {
      assertThat(reader.seen()).hasSize(reader.files.size());
      assertThat(reader.seen())
          .allSatisfy((file, seen) -> assertThat(seen).containsExactly(states));
    }
  }
}
