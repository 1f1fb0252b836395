// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fake;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process of one thread. Every change is written at once. */
public final class FakeProcess {
  private final FakeKernel kernel;
  private final int pid;
  private int parent = 0;
  private String ownPids = "";
  private String comm = "sh";
  private char state = 'S';
  private long startTicks = 0;

  FakeProcess(FakeKernel kernel, int pid) {
    this.kernel = kernel;
    this.pid = pid;
    at("/");
    namespace(FakeKernel.HOST_NAMESPACE);
    write();
  }

  /** In this cgroup of version 2. */
  @CanIgnoreReturnValue
  public FakeProcess at(String cgroup) {
    return cgroups("0::" + cgroup + "\n");
  }

  @CanIgnoreReturnValue
  public FakeProcess cgroups(String text) {
    kernel.write("proc/" + pid + "/cgroup", text);
    return this;
  }

  @CanIgnoreReturnValue
  public FakeProcess namespace(String name) {
    try {
      Path link = kernel.path("proc/" + pid + "/ns/pid");
      Files.createDirectories(link.resolveSibling("."));
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, Path.of(name));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its numbers in the pid namespaces inside of the host's, from the outside in. */
  @CanIgnoreReturnValue
  public FakeProcess numbered(int... pids) {
    StringBuilder text = new StringBuilder();
    for (int own : pids) {
      text.append('\t').append(own);
    }
    ownPids = text.toString();
    return write();
  }

  @CanIgnoreReturnValue
  public FakeProcess parent(int ppid) {
    parent = ppid;
    return write();
  }

  @CanIgnoreReturnValue
  public FakeProcess comm(String name) {
    comm = name;
    return write();
  }

  @CanIgnoreReturnValue
  public FakeProcess state(char letter) {
    state = letter;
    return write();
  }

  /** When it began, after the host's boot. */
  @CanIgnoreReturnValue
  public FakeProcess startedAt(long seconds) {
    startTicks = seconds * 100;
    return write();
  }

  private FakeProcess write() {
    String stat =
        pid
            + " ("
            + comm
            + ") "
            + state
            + " "
            + parent
            + " 1 1 0 -1 4194560 95 0 0 0 0 0 0 0 20 0 1 0 "
            + startTicks
            + " 2899968 388 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    kernel.write("proc/" + pid + "/stat", stat);
    kernel.write("proc/" + pid + "/comm", comm + "\n");
    kernel.write("proc/" + pid + "/task/" + pid + "/stat", stat);
    kernel.write(
        "proc/" + pid + "/status",
        "Name:\t"
            + comm.replace("\n", "\\n")
            + "\nState:\t"
            + state
            + " (x)\nTgid:\t"
            + pid
            + "\nPid:\t"
            + pid
            + "\nPPid:\t"
            + parent
            + "\nNStgid:\t"
            + pid
            + ownPids
            + "\nNSpid:\t"
            + pid
            + ownPids
            + "\nThreads:\t1\n");
    return this;
  }
}
