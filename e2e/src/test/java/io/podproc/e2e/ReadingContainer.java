// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A container that reads the files of a daemon in tight loops until it is told to end, and notes
 * what a program would not want to see: {@code survival.py} says how. It ends with the tests, too,
 * for then its input does.
 */
final class ReadingContainer implements AutoCloseable {
  /** What runs it, and what is in it. */
  enum Kind {
    /** Runc, and Debian. */
    RUNC,
    /** Runc, and one program alone. */
    RUNC_DISTROLESS,
    /** No engine ({@code e2e/bin/container}), for machines where one takes too long. */
    PLAIN
  }

  /** Runc lets nobody mount there. */
  private static final Pattern REFUSED = Pattern.compile("/proc/(pressure/.*|vmstat)");

  private static final int THREADS = 2;
  private static final Path SCRIPTS = Machine.checkout().resolve("e2e/src/test/resources");

  private final String name;
  private final String cgroup;
  private final Path folder;
  private final Path log;
  private final List<String> removal;
  private final Process process;

  /**
   * Starts it, and waits until it reads.
   *
   * @param memory in MiB
   */
  ReadingContainer(Kind kind, DaemonProcess daemon, int cpus, int memory) {
    String parent = Container.uniqueName();
    cgroup = "/" + parent + "/" + Container.runtimeScope();
    name = kind + " " + parent;
    List<String> files =
        daemon.files().stream()
            .filter(file -> Files.exists(Path.of(file)))
            .filter(file -> kind == Kind.PLAIN || !REFUSED.matcher(file).matches())
            .toList();
    List<String> reader = new ArrayList<>();
    switch (kind) {
      case RUNC -> reader.addAll(List.of("/usr/bin/python3", "-I", "-S", "/reader"));
      case RUNC_DISTROLESS -> reader.addAll(List.of("/busybox", "sh", "/reader"));
      case PLAIN ->
          reader.addAll(
              List.of("/usr/bin/python3", "-I", "-S", SCRIPTS.resolve("survival.py").toString()));
    }
    // In the VM, readers without pause would keep daemons from starting.
    Stream.of(THREADS, kind == Kind.PLAIN ? 0.03 : 0.002, memory << 10, cpus)
        .map(String::valueOf)
        .forEach(reader::add);
    reader.addAll(files);
    try {
      folder = Files.createTempDirectory("podproc-reader");
      log = Files.createFile(folder.resolve("log"));
      List<String> command = new ArrayList<>();
      if (kind == Kind.PLAIN) {
        removal = List.of();
        command.addAll(List.of(Container.TOOL.toString(), "run", "--cgroup", cgroup));
        command.addAll(List.of("--cpus", "" + cpus, "--memory", memory + "M"));
        command.addAll(List.of("--files", daemon.mountPoint().toString(), "--"));
        command.addAll(reader);
      } else {
        List<String> runc = List.of("runc", "--root", folder.resolve("state").toString());
        removal = Stream.concat(runc.stream(), Stream.of("delete", "--force", parent)).toList();
        makeBundle(kind, daemon, files, reader, cpus, memory);
        command.addAll(runc);
        command.addAll(List.of("run", "--bundle", folder.toString(), parent));
      }
      process = Command.start(command, Map.of(), ProcessBuilder.Redirect.to(log.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      Command.await(
          "a container reads",
          Machine.deadline(20),
          () -> {
            assertRuns();
            return Machine.read(log).contains("reads\n");
          });
    } catch (AssertionError e) {
      close();
      throw e;
    }
  }

  /** What a machine has to have for it. */
  static void need(Kind kind) {
    Requirements.tool(kind == Kind.RUNC_DISTROLESS ? "busybox" : "python3");
    if (kind != Kind.PLAIN) {
      Requirements.tool("runc");
    }
  }

  private void assertRuns() {
    if (!process.isAlive()) {
      throw new AssertionError(name + " has ended:\n" + Machine.read(log));
    }
  }

  /** As the OCI's runtime specification has it. */
  private void makeBundle(
      Kind kind,
      DaemonProcess daemon,
      List<String> files,
      List<String> command,
      int cpus,
      int memory)
      throws IOException {
    Path root = Files.createDirectory(folder.resolve("root"));
    for (String directory : List.of("proc", "sys", "dev")) {
      Files.createDirectory(root.resolve(directory));
    }
    JsonArrayBuilder mounts =
        Json.createArrayBuilder()
            .add(mount("/proc", "proc", "proc"))
            .add(mount("/sys", "sysfs", "sysfs", "ro", "nosuid", "noexec", "nodev"))
            .add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755", "size=64k"));
    Path reader = root.resolve("reader");
    if (kind == Kind.RUNC_DISTROLESS) {
      Files.copy(SCRIPTS.resolve("survival.sh"), reader);
      Files.copy(busybox(), root.resolve("busybox"));
    } else {
      Files.copy(SCRIPTS.resolve("survival.py"), reader);
      Files.createDirectory(root.resolve("usr"));
      mounts.add(mount("/usr", "bind", "/usr", "rbind", "ro"));
      for (String link : List.of("bin", "lib", "lib64")) {
        Files.createSymbolicLink(root.resolve(link), Path.of("usr", link));
      }
    }
    for (String file : files) {
      mounts.add(mount(file, "bind", daemon.file(file).toString(), "bind", "ro"));
    }
    JsonArrayBuilder namespaces = Json.createArrayBuilder();
    for (String type : List.of("pid", "network", "ipc", "uts", "mount")) {
      namespaces.add(Json.createObjectBuilder().add("type", type));
    }
    Files.writeString(
        folder.resolve("config.json"),
        Json.createObjectBuilder()
            .add("ociVersion", "1.0.2")
            .add(
                "process",
                Json.createObjectBuilder()
                    .add("cwd", "/")
                    .add("user", Json.createObjectBuilder().add("uid", 0).add("gid", 0))
                    .add("args", strings(command)))
            .add("root", Json.createObjectBuilder().add("path", "root").add("readonly", true))
            .add("mounts", mounts)
            .add(
                "linux",
                Json.createObjectBuilder()
                    .add("cgroupsPath", cgroup)
                    .add("namespaces", namespaces)
                    .add(
                        "resources",
                        Json.createObjectBuilder()
                            .add(
                                "cpu",
                                Json.createObjectBuilder()
                                    .add("quota", cpus * 100_000)
                                    .add("period", 100_000))
                            .add(
                                "memory",
                                Json.createObjectBuilder().add("limit", (long) memory << 20))))
            .build()
            .toString());
  }

  private static jakarta.json.JsonObject mount(
      String destination, String type, String source, String... options) {
    return Json.createObjectBuilder()
        .add("destination", destination)
        .add("type", type)
        .add("source", source)
        .add("options", strings(List.of(options)))
        .build();
  }

  private static JsonArray strings(List<String> strings) {
    return Json.createArrayBuilder(strings).build();
  }

  private static Path busybox() {
    return Path.of(Command.run("bash", "-c", "type -P busybox").ok().strip());
  }

  /** Tells it to end. Returns lines of KIND SECONDS REST, as survival.py writes them. */
  List<String> end() {
    try {
      assertRuns();
      process.getOutputStream().close();
      if (!process.waitFor(Machine.deadline(20).toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(name + " does not end");
      }
      List<String> lines = Machine.read(log).lines().filter(line -> !line.equals("reads")).toList();
      if (process.exitValue() != 0) {
        throw new AssertionError(name + " has failed:\n" + String.join("\n", lines));
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(Machine.deadline(20).toMillis(), TimeUnit.MILLISECONDS)) {
        if (removal.isEmpty()) {
          process.destroy();
        } else {
          String _ = Command.run(removal.toArray(String[]::new)).ok();
        }
        int _ = process.waitFor();
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
