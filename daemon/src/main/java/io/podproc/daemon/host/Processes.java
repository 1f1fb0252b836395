// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The host's processes and threads, {@code /proc/[pid]}. A method throws an IOException where the
 * process is gone or ends while it is looked at.
 */
public final class Processes {
  private final Path procRoot;

  public Processes(Path procRoot) {
    this.procRoot = procRoot;
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

  /** Those mounts that a process sees and that are wanted. */
  public MountInfo mounts(int pid, Predicate<MountInfo.Mount> wanted) throws IOException {
    return MountInfo.read(path(pid, "mountinfo"), wanted);
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
