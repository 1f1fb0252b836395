// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.KernelFile;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
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

  /**
   * The pids of a process or thread, the host's first, then one for each pid namespace inside of
   * which it is (fs/proc/array.c, {@code NSpid}).
   */
  public List<Integer> namespacePids(int tid) throws IOException {
    return numbers(tid, "NSpid");
  }

  /** The parent's pid; 0 where it is outside of the daemon's pid namespace. */
  public int parent(int pid) throws IOException {
    List<Integer> parent = numbers(pid, "PPid");
    return parent.isEmpty() ? 0 : parent.getFirst();
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

  private List<Integer> numbers(int tid, String key) throws IOException {
    for (String line : read(tid, "status").split("\n", -1)) {
      if (line.startsWith(key) && line.startsWith(":", key.length())) {
        return Stream.of(line.substring(key.length() + 1).trim().split("\\s+", -1))
            .map(Numbers::parse)
            .filter(OptionalLong::isPresent)
            .map(number -> (int) number.getAsLong())
            .toList();
      }
    }
    return List.of();
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
