// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A container of a pod that runc runs, in a cgroup as the kubelet names them, with the masks that
 * runtimes lay by default, with /usr and the JDK of the host. Its program answers with the first
 * line of each file that it is asked for, from one process that lives as long as the container. It
 * ends with the tests.
 */
final class RuncContainer implements AutoCloseable {
  /** What its /proc/meminfo says where that is its own. */
  static final long MEMORY_KIB = 192 << 10;

  private static final String PROGRAM =
      "while read -r f; do l=unreadable; { read -r l <$f; } 2>/dev/null; echo $l; done";

  private static final String MAPPING =
      "[{\"containerID\": 0, \"hostID\": 200000, \"size\": 65536}]";

  private final String podUid;
  private final String id;
  private final Path folder;
  private final Process process;
  private final BufferedReader answers;
  private final Writer questions;
  private final int pid;

  /**
   * Starts it.
   *
   * @param node the cgroup above the kubelet's
   * @param mapped in a user namespace, as with {@code hostUsers: false}
   */
  RuncContainer(String node, String podUid, boolean mapped) {
    this.podUid = podUid;
    id = UUID.randomUUID().toString().replace("-", "").repeat(2);
    try {
      folder = Files.createTempDirectory("podproc-runc");
      // Its root may be somebody else on the host.
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      makeBundle(node + "/kubepods/burstable/pod" + podUid + "/" + id, mapped);
      process =
          Command.start(
              List.of(
                  "runc",
                  "--root",
                  folder.resolve("state").toString(),
                  "run",
                  "--bundle",
                  folder.toString(),
                  "--pid-file",
                  folder.resolve("pid").toString(),
                  id),
              Map.of(),
              ProcessBuilder.Redirect.PIPE);
      answers = process.inputReader(StandardCharsets.UTF_8);
      questions = process.outputWriter(StandardCharsets.UTF_8);
      try {
        String said = firstLine("/proc/self/comm");
        if (!said.equals("busybox")) {
          throw new AssertionError("a container did not start: " + said);
        }
        Path file = folder.resolve("pid"); // written when its program runs already
        Command.await("its pid is told", Machine.deadline(10), () -> Files.exists(file));
        pid = Integer.parseInt(Files.readString(file).strip());
      } catch (RuntimeException | AssertionError | IOException e) {
        close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void makeBundle(String cgroup, boolean mapped) throws IOException {
    Path root = folder.resolve("root");
    for (String name : List.of("dev", "proc", "sys", "tmp", "usr")) {
      Files.createDirectories(root.resolve(name));
    }
    for (String name : List.of("bin", "lib", "lib64")) {
      Files.createSymbolicLink(root.resolve(name), Path.of("usr", name));
    }
    Path log = folder.resolve("pods/" + podUid + "/containers/main/log");
    Files.createDirectories(log.getParent());
    Files.writeString(log, "");
    Files.writeString(
        folder.resolve("config.json"),
        String.format(
            Locale.ROOT,
            """
            {"ociVersion": "1.0.2",
             "process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "args": ["/bin/busybox", "sh", "-c", "%s"],
              "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}},
             "root": {"path": "root", "readonly": true},
             "mounts": [
              {"destination": "/proc", "type": "proc", "source": "proc"},
              {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
              {"destination": "%7$s", "type": "bind", "source": "%7$s", "options": ["rbind", "ro"]},
              {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
              {"destination": "/dev/termination-log", "type": "bind", "source": "%s", "options": ["rbind", "rprivate"]},
              {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}],
             "linux": {"cgroupsPath": "%s", %s
              "namespaces": [%s{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}],
              "maskedPaths": ["/proc/interrupts", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
              "readonlyPaths": ["/proc/sys", "/proc/bus"],
              "resources": {"memory": {"limit": %d}}}}
            """,
            PROGRAM,
            log,
            cgroup,
            mapped ? "\"uidMappings\": %1$s, \"gidMappings\": %1$s,".formatted(MAPPING) : "",
            mapped ? "{\"type\": \"user\"}, " : "",
            MEMORY_KIB << 10,
            System.getProperty("java.home")));
  }

  String podUid() {
    return podUid;
  }

  /** The host's pid of its process. */
  int pid() {
    return pid;
  }

  /** A directory of the host's that its programs see as /tmp. */
  Path tmp() {
    return folder.resolve("root/tmp");
  }

  /** Starts a program of the host's /usr in it, as {@code kubectl exec} does. */
  Process exec(ProcessBuilder.Redirect output, String... command) {
    return Command.start(
        Stream.concat(
                Stream.of("runc", "--root", folder.resolve("state").toString(), "exec", id),
                Stream.of(command))
            .toList(),
        Map.of(),
        output);
  }

  /** What its program reads, now. */
  String firstLine(String file) {
    try {
      questions.write(file + "\n");
      questions.flush();
      return String.valueOf(answers.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException("the container ended", e);
    }
  }

  /** Whether its program sees itself; else it sees the node. */
  boolean seesItself() {
    return Output.kilobytes(firstLine("/proc/meminfo"), "MemTotal") == MEMORY_KIB;
  }

  /** Mounts of ours that its process sees. */
  List<String> ours() {
    return Machine.read("/proc/" + pid + "/mountinfo")
        .lines()
        .filter(line -> line.contains(" fuse.podproc "))
        .toList();
  }

  @Override
  public void close() {
    try {
      questions.close(); // with the end of its input its program ends
      if (!process.waitFor(Machine.deadline(20).toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
      DaemonProcess.removeTree(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
