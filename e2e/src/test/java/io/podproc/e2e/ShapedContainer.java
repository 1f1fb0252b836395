// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A container of a pod, in a cgroup as the kubelet makes them, that was made by {@code shapes.py}:
 * as runtimes leave one, or as a hostile one leaves itself.
 */
final class ShapedContainer implements AutoCloseable {
  private static final long KIB_OF_64_MIB = 64 * 1024;

  private final Path folder;
  private final Container container;
  private final boolean hostPid;
  private final int pid;

  /**
   * Makes it, and waits until it is made.
   *
   * @param shape what {@code shapes.py} knows
   */
  ShapedContainer(String shape) {
    String uid = UUID.randomUUID().toString();
    String id = UUID.randomUUID().toString().replace("-", "").repeat(2);
    Container.Builder builder =
        new Container.Builder()
            .cgroup("/" + Container.uniqueName() + "/kubepods/burstable/pod" + uid + "/" + id)
            .memory("64M");
    hostPid = shape.equals("node") || shape.equals("host-pid");
    try {
      folder = Files.createTempDirectory("podproc-shape");
      container = (hostPid ? builder.hostPid() : builder).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      String script = Machine.checkout().resolve("e2e/src/test/resources/shapes.py").toString();
      Path log = folder.resolve("log");
      Path place = Files.createDirectory(folder.resolve("place"));
      String _ =
          container
              .run(
                  "unshare --mount --propagation private /usr/bin/python3 -I -S %s %s %s %s >%s 2>&1 &"
                      .formatted(script, shape, uid, place, log))
              .ok();
      Command.await(
          "it is made: " + shape,
          Machine.deadline(20),
          () -> {
            if (Files.exists(log) && !Machine.read(log).isEmpty()) {
              throw new AssertionError(Machine.read(log));
            }
            return process().isPresent();
          });
      pid = process().orElseThrow();
    } catch (IOException e) {
      close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  private Optional<Integer> process() {
    Path processes = Machine.cgroup(container.cgroup(), "memory").resolve("cgroup.procs");
    return Machine.read(processes)
        .lines()
        .map(Integer::valueOf)
        .filter(process -> {
          try {
            return Files.readString(Path.of("/proc/" + process + "/comm")).equals("shape\n");
          } catch (IOException e) {
            return false;
          }
        })
        .findFirst();
  }

  /** The host's pid of its process. */
  int pid() {
    return pid;
  }

  Container outer() {
    return container;
  }

  /** What a program of the container says. */
  Output run(String command) {
    String target = hostPid ? Integer.toString(pid) : "$(pgrep -x shape)";
    return container.run("nsenter --mount --root --target " + target + " /bin/busybox " + command);
  }

  /** Whose its /proc/meminfo is: live, host. */
  String sees() {
    long total = Output.kilobytes(run("cat /proc/meminfo").ok(), "MemTotal");
    return total == KIB_OF_64_MIB ? "live" : "host";
  }

  /** Mounts of ours that its process sees. */
  List<String> ours() {
    return mounts().stream().filter(line -> line.contains(" fuse.podproc ")).toList();
  }

  List<String> mounts() {
    return Machine.read("/proc/" + pid + "/mountinfo").lines().toList();
  }

  @Override
  public void close() {
    container.close();
    try {
      DaemonProcess.removeTree(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
