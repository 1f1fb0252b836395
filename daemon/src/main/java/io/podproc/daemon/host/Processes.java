// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The host's processes and threads, {@code /proc/[pid]}. A method throws an IOException where the
 * process is gone or ends while it is looked at.
 */
public final class Processes {
  private final Path procRoot;
  private final KernelFile loadavg;
  private final KernelFile pidMax;

  public Processes(Path procRoot) {
    this.procRoot = procRoot;
    this.loadavg = KernelFile.inOnePiece(procRoot, "loadavg");
    this.pidMax = KernelFile.inOnePiece(procRoot, "sys/kernel/pid_max");
  }

  /**
   * The pid that was given out last in the daemon's pid namespace
   * (fs/proc/loadavg.c:loadavg_proc_show).
   */
  public int lastPid() throws IOException {
    String text = loadavg.read();
    return (int) Numbers.parse(text, text.lastIndexOf(' ') + 1, text.length()).orElse(0);
  }

  /**
   * How many have been given out since that one, at most. Pids begin anew where they end
   * (kernel/pid.c:alloc_pid).
   */
  public int pidsSince(int pid) throws IOException {
    int last = lastPid();
    return last >= pid ? last - pid : last + (int) Numbers.parse(pidMax.read()).orElse(0) - pid;
  }

  /** The text of {@code /proc/[tid]/cgroup}. */
  public String cgroup(int tid) throws IOException {
    return read(tid, "cgroup");
  }

  /**
   * The same, of a thread that may be asked again: while its descriptor is kept, the kernel reads
   * it for this thread or not at all.
   */
  public KernelFile cgroupFile(int tid) {
    return file(tid, "cgroup");
  }

  public ProcessStat stat(int pid) throws IOException {
    return ProcessStat.parse(read(pid, "stat"));
  }

  /** A process that is to be asked again and again whether it still lives. */
  public LivingProcess living(int pid) throws IOException {
    KernelFile comm = KernelFile.held(procRoot, pid + "/comm");
    try {
      String _ = comm.read();
      return new LivingProcess(pid, stat(pid).start(), comm);
    } catch (IOException e) {
      comm.close();
      throw e;
    }
  }

  /** As {@link #stat}, of one thread only: the kernel need not add up those of its group. */
  public ProcessStat threadStat(int tid) throws IOException {
    return ProcessStat.parse(read(tid, "task/" + tid + "/stat"));
  }

  public ProcessStatus status(int tid) throws IOException {
    return ProcessStatus.parse(read(tid, "status"));
  }

  /** The kernel's function in which a process waits, {@code 0} where it does not or is not told. */
  public String waitsIn(int pid) throws IOException {
    return read(pid, "wchan");
  }

  /** Which pid namespace a process is in, as {@code pid:[4026531836]}. */
  public String pidNamespace(int pid) throws IOException {
    return Files.readSymbolicLink(path(pid, "ns/pid")).toString();
  }

  /** Which mount namespace a process is in, as {@code mnt:[4026531841]}. */
  public String mountNamespace(int pid) throws IOException {
    return Files.readSymbolicLink(path(pid, "ns/mnt")).toString();
  }

  /** The mount namespace of this process. */
  public String ownMountNamespace() throws IOException {
    return Files.readSymbolicLink(procRoot.resolve("self/ns/mnt")).toString();
  }

  /** The user namespace of this process. */
  public String ownUserNamespace() throws IOException {
    return Files.readSymbolicLink(procRoot.resolve("self/ns/user")).toString();
  }

  /** Which network namespace a process is in, as {@code net:[4026531833]}. */
  public String networkNamespace(int pid) throws IOException {
    return Files.readSymbolicLink(path(pid, "ns/net")).toString();
  }

  /** The network namespace of this process. */
  public String ownNetworkNamespace() throws IOException {
    return Files.readSymbolicLink(procRoot.resolve("self/ns/net")).toString();
  }

  /** Those mounts that a process sees and that are wanted. */
  public MountInfo mounts(int pid, Predicate<MountInfo.Mount> wanted) throws IOException {
    return MountInfo.read(path(pid, "mountinfo"), wanted);
  }

  /** The same; empty where it sees more than are looked at. */
  public Optional<MountInfo> firstMounts(int pid, int most, Predicate<MountInfo.Mount> wanted)
      throws IOException {
    return MountInfo.read(path(pid, "mountinfo"), most, wanted);
  }

  /**
   * All of those mounts that a process sees and that are wanted; empty where it sees more than are
   * looked at.
   */
  public Optional<MountInfo> mounts(int pid, int most, Predicate<MountInfo.Mount> wanted)
      throws IOException {
    return MountInfo.readAll(path(pid, "mountinfo"), most, wanted);
  }

  /** The devices of all mounts that a process sees, as {@code 0:52}. */
  public Set<String> devices(int pid) throws IOException {
    return MountInfo.devices(path(pid, "mountinfo"));
  }

  /** Those mounts that this process sees and that are wanted. */
  public MountInfo ownMounts(Predicate<MountInfo.Mount> wanted) throws IOException {
    return MountInfo.read(procRoot.resolve("self/mountinfo"), wanted);
  }

  /** The text of this process's own {@code /proc/self/cgroup}. */
  public String ownCgroup() throws IOException {
    try (KernelFile file = KernelFile.inOnePiece(procRoot, "self/cgroup")) {
      return file.read();
    }
  }

  /** The pid namespace of this process. */
  public String ownPidNamespace() throws IOException {
    return Files.readSymbolicLink(procRoot.resolve("self/ns/pid")).toString();
  }

  /** All pids of now. */
  public List<Integer> all() throws IOException {
    try (Stream<Path> entries = Files.list(procRoot)) {
      return entries
          .map(entry -> Numbers.parse(entry.getFileName().toString()))
          .flatMapToInt(pid -> pid.stream().mapToInt(Math::toIntExact))
          .boxed()
          .toList();
    }
  }

  private String read(int pid, String name) throws IOException {
    try (KernelFile file = file(pid, name)) {
      return file.read();
    }
  }

  private KernelFile file(int pid, String name) {
    return KernelFile.inOnePiece(procRoot, pid + "/" + name);
  }

  private Path path(int pid, String name) {
    return procRoot.resolve(pid + "/" + name);
  }
}
