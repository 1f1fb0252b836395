// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fake;

import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Looks;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * /proc, /sys and /sys/fs/cgroup as plain files below a directory, and a clock that stands still.
 */
public final class FakeKernel {
  public static final String HOST_NAMESPACE = "pid:[4026531836]";

  /** Where the daemon itself is. */
  public static final ProcCgroup DAEMON = ProcCgroup.parse("0::/system.slice/podproc.service\n");

  private final Path root;
  private long nanos;
  private long bootNanos = Duration.ofSeconds(10_000).toNanos();

  public FakeKernel(Path root) {
    this.root = root;
  }

  /** With a host of 4 CPUs and 8 GiB that has been up for 10,000 s, and cgroup v2. */
  public static FakeKernel v2(Path root) {
    return new FakeKernel(root)
        .write("proc/uptime", "10000.00 39000.00\n")
        .write(
            "proc/meminfo",
            "MemTotal:        8388608 kB\nMemFree:         4194304 kB\nMemAvailable:    6291456 kB\n")
        .write(
            "proc/stat",
            "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\nctxt 6\nbtime 7\nprocesses 800\nprocs_running 9\nprocs_blocked 10\n")
        .write("proc/vmstat", "nr_free_pages 5\npgpgin 6\npgfault 7\n")
        .write("proc/loadavg", "0.00 0.00 0.00 1/100 1000\n")
        .write("proc/sys/kernel/pid_max", "4194304\n")
        .write("sys/devices/system/cpu/online", "0-3\n")
        .write("sys/devices/system/cpu/possible", "0-3\n")
        .write(
            "sys/devices/system/node/node0/meminfo",
            "Node 0 MemTotal:        4194304 kB\nNode 0 MemFree:         2097152 kB\nNode 0 MemUsed:         2097152 kB\n")
        .write("cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  }

  public FakeKernel write(String path, String text) {
    try {
      Path file = root.resolve(path);
      Files.createDirectories(file.resolveSibling("."));
      Files.writeString(file, text, StandardCharsets.ISO_8859_1);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a file, or a directory with all it holds. */
  public FakeKernel remove(String path) {
    try (Stream<Path> below = Files.walk(root.resolve(path))) {
      for (Path file : below.sorted(Comparator.reverseOrder()).toList()) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          Files.write(file, new byte[0]); // a kept descriptor reads nothing any more
        }
        Files.delete(file);
      }
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path path(String path) {
    return root.resolve(path);
  }

  /** A process in the host's pid namespace and in no cgroup, until told otherwise. */
  public FakeProcess process(int pid) {
    return new FakeProcess(this, pid);
  }

  /** Makes a cgroup of version 2 that has used this much CPU time. */
  public FakeKernel cgroup(String path, long usedMicros) {
    return write(
        "cgroup" + path + "/cpu.stat",
        "usage_usec " + usedMicros + "\nuser_usec " + usedMicros + "\nsystem_usec 0\n");
  }

  /** Tells a cgroup of version 2 what is in it. */
  public FakeKernel members(String path, int... pids) {
    StringBuilder text = new StringBuilder();
    for (int pid : pids) {
      text.append(pid).append('\n');
    }
    return write("cgroup" + path + "/cgroup.procs", text.toString())
        .write("cgroup" + path + "/cgroup.threads", text.toString());
  }

  public FakeKernel advance(Duration time) {
    nanos += time.toNanos();
    return this;
  }

  public long nanoTime() {
    return nanos;
  }

  /** The time since the boot does not stand still with the clock: it is what it is set to. */
  public FakeKernel bootedFor(Duration time) {
    bootNanos = time.toNanos();
    return this;
  }

  public long bootNanos() {
    return bootNanos;
  }

  public Processes processes() {
    return new Processes(path("proc"));
  }

  public HostFacts host() {
    return new HostFacts(path("proc"), path("sys"), Duration.ZERO, this::nanoTime, this::bootNanos);
  }

  /** Looks that are over as soon as they begin. */
  public static Looks looks() {
    return new Looks(
        Runnable::run,
        thrown -> {
          throw new AssertionError(thrown);
        });
  }

  public CgroupHierarchy cgroups() throws IOException {
    return new CgroupHierarchy(path("cgroup"), false, this::nanoTime);
  }
}
