// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A container that was started by {@code e2e/bin/container}. Its first process is a bash, which
 * runs what {@link #run} says. Closed, its processes and cgroups are gone; so they are when the
 * tests die, for then the bash reads the end of its input.
 */
final class Container implements AutoCloseable {
  static final Path TOOL = Machine.checkout().resolve("e2e/bin/container");

  private final String cgroup;
  private final int pid;
  private final Path folder;
  private final Process process;
  private final BufferedReader reader;
  private final Writer writer;
  private int commands;

  /** What a container is to be. */
  static final class Builder {
    private final List<String> options = new ArrayList<>();
    private String cgroup = "/" + uniqueName() + "/" + runtimeScope();

    /** Its cgroup; by default one as Docker names them. */
    Builder cgroup(String path) {
      cgroup = path;
      return this;
    }

    /** CPU time, as 1.5. */
    Builder cpus(String cpus) {
      return option("--cpus", cpus);
    }

    /** CPUs, as 0-1. */
    Builder cpuset(String list) {
      return option("--cpuset", list);
    }

    /** As 256M. */
    Builder memory(String size) {
      return option("--memory", size);
    }

    Builder swap(String size) {
      return option("--swap", size);
    }

    /** Covers its /proc and /sys. */
    Builder files(DaemonProcess daemon) {
      return option("--files", daemon.mountPoint().toString());
    }

    Builder hostPid() {
      options.add("--host-pid");
      return this;
    }

    /** Shares the pid namespace of another. */
    Builder pidOf(Container other) {
      return option("--pid-of", Integer.toString(other.pid()));
    }

    private Builder option(String name, String value) {
      options.add(name);
      options.add(value);
      return this;
    }

    Container start() {
      return new Container(this);
    }
  }

  /** A container with the files of a daemon. */
  static Builder of(DaemonProcess daemon) {
    return new Builder().files(daemon);
  }

  /** The name of a cgroup of the tests that no other has. */
  static String uniqueName() {
    return "podproc-e2e-" + hex(4);
  }

  /** The name of a container's cgroup as systemd and Docker make them. */
  static String runtimeScope() {
    return "docker-" + hex(32) + ".scope";
  }

  private static String hex(int bytes) {
    byte[] random = new byte[bytes];
    ThreadLocalRandom.current().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private Container(Builder builder) {
    cgroup = builder.cgroup;
    try {
      folder = Files.createTempDirectory("podproc-container");
      Path pidFile = folder.resolve("pid");
      List<String> command = new ArrayList<>(List.of(TOOL.toString(), "run", "--cgroup", cgroup));
      command.addAll(builder.options);
      command.addAll(List.of("--pidfile", pidFile.toString(), "--", "bash", "--norc"));
      process = Command.start(command, java.util.Map.of(), ProcessBuilder.Redirect.PIPE);
      reader = process.inputReader(StandardCharsets.UTF_8);
      writer = process.outputWriter(StandardCharsets.UTF_8);
      try {
        // Proves that it runs; until then there is no pid.
        String said = run("true").ok();
        if (!said.isEmpty()) {
          throw new AssertionError("starting a container said: " + said);
        }
        pid = Integer.parseInt(Files.readString(pidFile).strip());
      } catch (RuntimeException | AssertionError | IOException e) {
        close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String cgroup() {
    return cgroup;
  }

  /** The host's pid of its first process. */
  int pid() {
    return pid;
  }

  /** The CPU time that it has used, in seconds, as its cgroup says. */
  double cpuSeconds() {
    return Machine.hasCgroup2()
        ? Output.number(
                Machine.read(Machine.cgroup(cgroup, "cpu").resolve("cpu.stat")),
                "^usage_usec (\\d+)$")
            / 1e6
        : Output.number(
                Machine.read(Machine.cgroup(cgroup, "cpuacct").resolve("cpuacct.usage")),
                "^(\\d+)$")
            / 1e9;
  }

  /** Runs a script of bash's in the container, without starting a shell for it. */
  Output run(String script) {
    return run(Machine.deadline(60), script);
  }

  /** As {@link #run(String)}, within a time. */
  synchronized Output run(Duration deadline, String script) {
    String end = "podproc-e2e-" + process.pid() + "-" + commands++ + " ";
    FutureTask<Output> answer = new FutureTask<>(() -> runTo(end, script));
    Thread.ofVirtual().start(answer);
    try {
      return answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      process.destroy();
      throw new AssertionError("still running after " + deadline + ": " + script);
    } catch (ExecutionException e) {
      throw new AssertionError("the container ended during: " + script, e.getCause());
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  private Output runTo(String end, String script) throws IOException {
    writer.write("{ " + script + "\n} </dev/null 2>&1; printf '\\n%s%d\\n' '" + end + "' $?\n");
    writer.flush();
    StringBuilder text = new StringBuilder();
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      if (line.startsWith(end)) {
        // The line feed that makes sure that the end begins a line is not the command's.
        text.setLength(Math.max(0, text.length() - 1));
        return new Output(Integer.parseInt(line.substring(end.length())), text.toString());
      }
      text.append(line).append('\n');
    }
    throw new IOException(text.toString());
  }

  /** The text of a file as a process of the container reads it. */
  String read(String path) {
    return run("cat " + path).ok();
  }

  /** A line of its /proc/meminfo, in kB. */
  long memory(String key) {
    return Output.kilobytes(read("/proc/meminfo"), key);
  }

  /** Runs a command as {@code kubectl exec} does: not as a child of the container's first. */
  Output exec(String... command) {
    return Command.run(
        Stream.of(
                Stream.of(TOOL.toString(), "exec", "--pid", Integer.toString(pid), "--"),
                Stream.of(command))
            .flatMap(part -> part)
            .toArray(String[]::new));
  }

  /** Sets limits while it runs, as {@code "--memory", "128M"}. */
  void limit(String... limits) {
    limitCgroup(cgroup, limits);
  }

  /** Sets limits of any cgroup of the tests. */
  static void limitCgroup(String cgroup, String... limits) {
    String _ =
        Command.run(
                Stream.of(Stream.of(TOOL.toString(), "limit", cgroup), Stream.of(limits))
                    .flatMap(part -> part)
                    .toArray(String[]::new))
            .ok();
  }

  /** Puts a process into a cgroup below the container's own, which is made if need be. */
  void move(int hostPid, String below) {
    if (Machine.hasCgroup2()) {
      // Without controllers: what holds processes can't hand any down.
      Machine.cgroup(cgroup + below, "").toFile().mkdirs();
    } else {
      limitCgroup(cgroup + below);
    }
    for (Path directory : Machine.cgroups(cgroup + below)) {
      try {
        Files.writeString(directory.resolve("cgroup.procs"), Integer.toString(hostPid));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Removes a cgroup of the tests, and kills what is in it. */
  static void removeCgroup(String cgroup) {
    String _ = Command.run(TOOL.toString(), "rm", cgroup).ok();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(Machine.deadline(20).toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
      Files.deleteIfExists(folder.resolve("pid"));
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
