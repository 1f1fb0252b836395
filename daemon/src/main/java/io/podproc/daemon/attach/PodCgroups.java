// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.RuntimePath;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.ProcessStat;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.OpenDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folders that the kubelet and the runtime make for pods and containers, in one hierarchy of
 * cgroups: {@code kubepods[/TIER]/POD/CONTAINER}. What a container makes is below these, and never
 * looked at.
 */
public final class PodCgroups {
  /** Some ten times as many as the kubelet has by default. */
  private static final int MOST_PODS = 1024;

  private static final int MOST_CONTAINERS = 4096;

  /** Of the processes of a container, of which the oldest is looked for. */
  private static final int MOST_PROCESSES = 256;

  private static final Pattern TOP = Pattern.compile("(?:[^/]*-)?kubepods(?:\\.slice)?");
  private static final Pattern TIER =
      Pattern.compile("burstable|besteffort|[^/]*kubepods-(?:burstable|besteffort)\\.slice");

  /** Where a node that is itself a container (kind) has them. */
  private static final List<String> ABOVE = List.of("", "kubelet", "kubelet.slice");

  private final Processes processes;
  private final Path hierarchy;
  private final List<Path> above;

  /** A folder of a pod. */
  record Pod(String uid, Path folder) {}

  /** A folder of a container. */
  record Member(String podUid, String id, Path folder) {}

  /**
   * @param cgroupRoot where the host's cgroup file systems are seen
   * @param daemon where the daemon's own cgroup is: as a pod, it is beside all others
   */
  public PodCgroups(Processes processes, Path cgroupRoot, ProcCgroup daemon) {
    this.processes = processes;
    boolean v2 = Files.exists(cgroupRoot.resolve("cgroup.controllers"));
    this.hierarchy = v2 ? cgroupRoot : cgroupRoot.resolve("memory");
    String own = v2 ? daemon.v2().orElse("/") : daemon.v1().getOrDefault("memory", "/");
    this.above =
        Stream.concat(
                Stream.of(own)
                    .map(path -> Path.of(path))
                    .flatMap(path -> Stream.iterate(path, Objects::nonNull, Path::getParent))
                    .filter(path -> isNamed(path, TOP))
                    .map(top -> hierarchy.resolve("./" + top).normalize().getParent()),
                ABOVE.stream().map(hierarchy::resolve))
            .distinct()
            .toList();
  }

  private static boolean isNamed(Path path, Pattern pattern) {
    Path name = path.getFileName();
    return name != null && pattern.matcher(name.toString()).matches();
  }

  /** How the kubelet names cgroups: {@code systemd} or {@code cgroupfs}; empty without pods. */
  public Optional<String> driver() {
    return tiers().stream()
        .findFirst()
        .map(top -> top.toString().endsWith(".slice") ? "systemd" : "cgroupfs");
  }

  /** Folders in which those of pods are. */
  List<Path> tiers() {
    List<Path> tiers = new ArrayList<>();
    for (Path top : above.stream().flatMap(path -> in(path, TOP).stream()).toList()) {
      tiers.add(top);
      tiers.addAll(in(top, TIER));
    }
    return tiers;
  }

  private static List<Path> in(Path folder, Pattern name) {
    return folders(folder, MOST_PODS).stream().filter(path -> isNamed(path, name)).toList();
  }

  /** Those of pods in one of them. */
  static List<Pod> pods(Path tier) {
    return folders(tier, MOST_PODS).stream()
        .map(PodCgroups::pod)
        .flatMap(Optional::stream)
        .toList();
  }

  /** Empty: it is none of a pod. */
  static Optional<Pod> pod(Path folder) {
    return RuntimePath.podOf(folder.getFileName().toString()).map(uid -> new Pod(uid, folder));
  }

  static boolean isTier(Path folder) {
    return isNamed(folder, TIER);
  }

  /** Those of containers in that of a pod. */
  static List<Member> members(Pod pod) {
    return folders(pod.folder, MOST_PODS).stream()
        .map(folder -> member(pod, folder))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Empty: it is none of a container. */
  static Optional<Member> member(Pod pod, Path folder) {
    return RuntimePath.containerOf(folder.getFileName().toString())
        .map(id -> new Member(pod.uid, id, folder));
  }

  /** The container of a pod that a process is in; empty where it is in none. */
  public Optional<PodContainer> of(int pid) throws IOException {
    return ProcCgroup.parse(processes.cgroup(pid))
        .paths()
        .flatMap(path -> inPath(path, pid).stream())
        .findFirst();
  }

  private static Optional<PodContainer> inPath(String path, int pid) {
    Optional<String> pod = Optional.empty();
    for (String name : path.split("/", -1)) {
      Optional<String> id = RuntimePath.containerOf(name);
      if (pod.isPresent() && id.isPresent()) {
        return Optional.of(new PodContainer(pod.get(), id.get(), pid));
      }
      pod = RuntimePath.podOf(name);
    }
    return Optional.empty();
  }

  /** Containers of pods that run now. */
  public List<PodContainer> containers() {
    return tiers().stream()
        .flatMap(tier -> pods(tier).stream())
        .flatMap(pod -> members(pod).stream())
        .limit(MOST_CONTAINERS)
        .map(this::running)
        .flatMap(Optional::stream)
        .toList();
  }

  /** Empty: no process is in it. */
  Optional<PodContainer> running(Member member) {
    OptionalInt first = oldest(pids(member.folder));
    if (first.isEmpty()) { // CRI-O with crun has a folder in the container's; systemd has, too
      first =
          oldest(
              folders(member.folder, MOST_PROCESSES).stream()
                  .map(folder -> oldest(pids(folder)))
                  .flatMapToInt(OptionalInt::stream)
                  .boxed()
                  .toList());
    }
    return first.isEmpty()
        ? Optional.empty()
        : Optional.of(new PodContainer(member.podUid, member.id, first.getAsInt()));
  }

  /** None: it is gone, or its processes are below it. */
  private static List<Integer> pids(Path folder) {
    try (BufferedReader reader = Files.newBufferedReader(folder.resolve("cgroup.procs"))) {
      return reader
          .lines()
          .limit(MOST_PROCESSES)
          .map(Integer::valueOf)
          .filter(pid -> pid > 0)
          .toList();
    } catch (IOException | UncheckedIOException | NumberFormatException e) {
      return List.of();
    }
  }

  /** The one that began first: pids begin anew where they end, so the least may be a later one. */
  private OptionalInt oldest(List<Integer> pids) {
    if (pids.size() == 1) {
      return OptionalInt.of(pids.getFirst());
    }
    return pids.stream()
        .map(this::began)
        .flatMap(Optional::stream)
        .sorted(
            Comparator.comparing((Began process) -> process.stat.start())
                .thenComparingInt(Began::pid))
        .mapToInt(Began::pid)
        .findFirst();
  }

  private record Began(int pid, ProcessStat stat) {}

  private Optional<Began> began(int pid) {
    try {
      return Optional.of(new Began(pid, processes.stat(pid)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static List<Path> folders(Path folder, int most) {
    try (OpenDirectory directory = OpenDirectory.open(folder.toString())) {
      // Each directory in it adds a link: no need to look at all the files.
      return directory.links() == 2
          ? List.of()
          : directory.directories(most).stream().map(folder::resolve).toList();
    } catch (IOException e) {
      return List.of(); // it is gone
    }
  }
}
