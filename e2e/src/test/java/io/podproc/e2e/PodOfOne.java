// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A pod of one container, {@code main}, that {@code shapes.py} is and nothing else: its first
 * process has the mounts that a runtime, or the container itself, has made. It has 64 MiB.
 */
final class PodOfOne implements AutoCloseable {
  private final String cgroup;
  private final Path folder;
  private final Process process;

  /**
   * Starts it, and waits until it is made.
   *
   * @param top the cgroup in which those of all pods are
   * @param shape what {@code shapes.py} knows
   */
  PodOfOne(String top, String uid, String shape) {
    String id = UUID.randomUUID().toString().replace("-", "").repeat(2);
    cgroup = top + "/kubepods/burstable/pod" + uid + "/" + id;
    Container.limitCgroup(cgroup, "--memory", "64M");
    try {
      folder = Files.createTempDirectory("podproc-pod");
      Path log = folder.resolve("log");
      Path place = Files.createDirectory(folder.resolve("place"));
      // 0 is whoever writes it: the first process of the namespace, and not the one that made it.
      String join =
          Machine.cgroups(cgroup).stream()
              .map(path -> "echo 0 >" + path + "/cgroup.procs; ")
              .collect(Collectors.joining());
      String script = Machine.checkout().resolve("e2e/src/test/resources/shapes.py").toString();
      process =
          Command.start(
              List.of(
                  "unshare",
                  "--mount",
                  "--pid",
                  "--fork",
                  "--kill-child",
                  "--propagation",
                  "private",
                  "bash",
                  "-ec",
                  join + "exec /usr/bin/python3 -I -S \"$@\"",
                  "bash",
                  script,
                  shape,
                  uid,
                  place.toString()),
              Map.of(),
              ProcessBuilder.Redirect.to(log.toFile()));
      Command.await(
          "it is made: " + shape,
          Machine.deadline(20),
          () -> {
            if (!Machine.read(log).isEmpty()) {
              throw new AssertionError(Machine.read(log));
            }
            return process
                .children()
                .anyMatch(
                    child -> Machine.read("/proc/" + child.pid() + "/comm").equals("shape\n"));
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The host's pid of its process. */
  long pid() {
    return process.children().findFirst().orElseThrow().pid();
  }

  /** Runs a script of its sh in it, as {@code kubectl exec} does, until it ends or is killed. */
  Process start(String script) {
    String join =
        Machine.cgroups(cgroup).stream()
            .map(path -> "echo 0 >" + path + "/cgroup.procs; ")
            .collect(Collectors.joining());
    return Command.start(
        List.of(
            "bash",
            "-ec",
            join + "exec nsenter --target $0 --mount --root --wd=/ --pid /bin/busybox sh -c \"$1\"",
            Long.toString(pid()),
            script),
        Map.of(),
        ProcessBuilder.Redirect.PIPE);
  }

  @Override
  public void close() {
    process.destroyForcibly(); // unshare(1) waits for its child; with it that is killed
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        throw new AssertionError("it can't be killed");
      }
      Container.removeCgroup(cgroup);
      DaemonProcess.removeTree(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
